// Names, bio, language and time zone. What somebody else (another tab, another device) changed meanwhile is shown, not
// written over.

import { $, busy, make, saying } from "../parts/dom.js";
import { change, load, onProfile, profile } from "./person.js";
import { fillLanguages, fillZones, timeIn } from "./choices.js";

const NAMES = { first_name: "First name", last_name: "Last name", username: "Username", bio: "About you", language: "Language", timezone: "Time zone" };
const FIELDS = Object.keys(NAMES);
const BIO_LENGTH = 500;

const sayAlert = saying($("profile-alert"));

/** What is typed and not what was read. */
function changes(seen) {
  const typed = Object.fromEntries(FIELDS.map((name) => [name, $(name).value]));
  return Object.fromEntries(Object.entries(typed).filter(([name, value]) => value !== seen[name]));
}

function show(me, keeping = {}) {
  fillLanguages($("language"), me.language);
  fillZones($("timezone"), me.timezone);
  for (const name of FIELDS) $(name).value = keeping[name] ?? me[name];
  tell();
}

function tell() {
  const used = [...$("bio").value].length;
  $("bio-hint").textContent = `${used} of ${BIO_LENGTH} characters`;
  $("bio").setAttribute("aria-invalid", String(used > BIO_LENGTH));
  $("timezone-hint").textContent = `It is ${timeIn($("timezone").value)} there.`;
}

function mark(error) {
  document.querySelectorAll("#profile-form .wrong").forEach((line) => line.remove());
  for (const name of FIELDS) $(name).removeAttribute("aria-invalid");
  const wrong = (error?.fields ?? []).filter(({ pointer }) => $(pointer.slice(1)));
  for (const { pointer, detail } of wrong) {
    const field = $(pointer.slice(1));
    field.setAttribute("aria-invalid", "true");
    field.parentElement.append(make("p", { class: "wrong" }, detail));
  }
  if (wrong.length) $(wrong[0].pointer.slice(1)).focus();
  return wrong.length > 0;
}

async function save(fields) {
  $("conflict").replaceChildren();
  mark();
  try {
    await change(fields);
    show(profile());
    $("profile-done").textContent = "Saved.";
  } catch (error) {
    if (error.code === "version_conflict") return conflict(profile(), fields);
    if (error.code === "invalid_request" && mark(error)) return sayAlert("Nothing was saved yet: please look at what is marked.");
    throw error;
  }
}

/** Shows what was changed elsewhere; what the person typed stays in the form until they decide. */
async function conflict(before, typed) {
  const now = await load();
  const elsewhere = FIELDS.filter((name) => now[name] !== before[name]);
  const decide = (work) => async () => {
    $("conflict").replaceChildren();
    await work();
    document.querySelector("#profile-form .row button").focus();
  };
  $("conflict").replaceChildren(make("div", { class: "note bad", role: "alert" },
    make("p", {}, "Your profile was changed elsewhere while you were here, so nothing was saved yet."),
    elsewhere.length > 0 && make("ul", { class: "differences" },
      elsewhere.map((name) => make("li", {}, `${NAMES[name]} is now “${now[name] || "empty"}”`, name in typed && `, you wrote “${typed[name] || "nothing"}”`))),
    make("div", { class: "row" },
      make("button", { type: "button", onclick: decide(() => busy($("profile-form"), sayAlert, () => save(typed))) }, "Save mine"),
      make("button", { type: "button", class: "plain", onclick: decide(() => show(now)) }, "Take what is there"))));
}

export function startProfile() {
  let seen = null;
  onProfile((me) => {
    const typed = seen ? changes(seen) : {};
    seen = me;
    show(me, typed);
    $("profile-fields").disabled = false; // until now there was nothing to change
  });
  $("profile-form").addEventListener("input", () => {
    $("profile-done").textContent = "";
    tell();
  });
  $("profile-form").addEventListener("submit", (event) => {
    event.preventDefault();
    busy($("profile-form"), sayAlert, () => save(changes(profile())));
  });
}
