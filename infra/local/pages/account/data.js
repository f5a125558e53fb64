// Everything that is held, to take along; and leaving, which can be undone for a while.

import { $, busy, make, saying } from "../parts/dom.js";
import { dialog, recently, sure } from "../parts/confirm.js";
import { latchkey, leaving } from "../parts/session.js";
import { day } from "../parts/words.js";
import { onProfile, profile, restore } from "./person.js";

const say = saying($("data-alert"));
const done = (sentence) => ($("data-done").textContent = sentence);

async function take() {
  done("");
  const taken = await recently(profile(), () => latchkey.api.GET("/api/profile/export/"));
  if (!taken) return;
  const { data } = taken.value;
  // A large export lies in the bucket, and the answer says where.
  const url = data.url ?? URL.createObjectURL(new Blob([JSON.stringify(data, null, 2)], { type: "application/json" }));
  make("a", { href: url, download: "my-account.json" }).click();
  if (!data.url) setTimeout(() => URL.revokeObjectURL(url), 60_000);
  done("Your data is being downloaded.");
}

async function leave() {
  done("");
  const wanted = await sure("Erase your account?",
    "It is erased with everything that belongs to it after a time of grace, and all your sessions end at once. Until then you can sign in and keep it.",
    "Erase my account");
  if (!wanted) return;
  const accepted = await leaving(() => recently(profile(), () => latchkey.api.DELETE("/api/profile/")));
  if (!accepted) return;
  await farewell(accepted.value.data.erases_at);
  location.replace("/");
}

/** The request has ended this session too: who wants to stay signs in again. */
function farewell(end) {
  return dialog("You are signed out", (close) => [
    make("p", {}, `Your account is going to be erased on ${day(end)}. Until then you can sign in and keep it.`),
    make("div", { class: "row" }, make("button", { type: "button", autofocus: true, onclick: () => close() }, "To the sign-in page")),
  ]);
}

function show({ erases_at: end }) {
  $("erasing").hidden = !end;
  $("erase-row").hidden = Boolean(end);
  if (end) $("erases-at").textContent = `This account is going to be erased on ${day(end)}.`;
}

async function keep() {
  await restore();
  done("Your account stays.");
  $("data-title").tabIndex = -1;
  $("data-title").focus();
}

export function startData() {
  onProfile(show);
  $("export").addEventListener("click", () => busy($("export"), say, take));
  $("erase").addEventListener("click", () => busy($("erase"), say, leave));
  $("restore").addEventListener("click", () => busy($("restore"), saying($("restore-alert")), keep));
}
