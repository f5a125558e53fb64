// What happened with the account, newest first, a page at a time.

import { $, busy, make, saying } from "../parts/dom.js";
import { latchkey } from "../parts/session.js";
import { device, moment, way } from "../parts/words.js";
import { onProfile } from "./person.js";

const PAGE = 10;
const EVENTS = {
  signed_in: "Signed in",
  profile_updated: "Profile changed",
  identifier_added: "Address added",
  identifier_changed: "Address changed",
  identifier_removed: "Address removed",
  avatar_changed: "Picture changed",
  avatar_removed: "Picture removed",
  erasure_requested: "Erasure asked for",
  erasure_undone: "Erasure undone",
};

const say = saying($("activity-alert"));
let next;

function line({ event, at, ip, user_agent: agent, detail }) {
  const more = detail.split(/[\s,]+/).filter(Boolean).map((word) => way(word).replaceAll("_", " ")).join(", ");
  const what = EVENTS[event] ?? event.replaceAll("_", " ");
  const joint = event === "signed_in" ? " by " : ": ";
  return make("li", {}, make("div", {},
    make("span", { class: "what" }, more ? `${what}${joint}${more}` : what),
    make("span", { class: "quiet" }, `${moment(at)} · ${device(agent)} · ${ip}`)));
}

async function more(isFirst = false) {
  if (isFirst) next = undefined;
  const { data } = await latchkey.api.GET("/api/profile/activity/", { params: { query: { limit: PAGE, cursor: next } } });
  next = data.next ?? undefined;
  const lines = data.results.map(line);
  if (isFirst) $("activity-list").replaceChildren();
  $("activity-list").append(...lines);
  $("activity-list").removeAttribute("aria-busy");
  $("more-activity").hidden = !next;
  return lines;
}

export function startActivity() {
  // Whatever changes the profile is activity.
  onProfile(() => more(true).catch(say));
  $("more-activity").addEventListener("click", async () => {
    const lines = await busy($("more-activity"), say, () => more());
    if (!lines?.length) return;
    lines[0].tabIndex = -1;
    lines[0].focus(); // reading goes on where the new lines begin
  });
}
