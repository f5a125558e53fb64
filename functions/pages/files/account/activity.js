// What happened with the account, newest first, a page at a time.

import { $, busy, make, saying } from "../parts/dom.js";
import { latchkey } from "../parts/session.js";
import { device, moment } from "../parts/words.js";
import { happened } from "./events.js";
import { onProfile } from "./person.js";

const PAGE = 10;
const say = saying($("activity-alert"));
let next;

function line(entry) {
  const from = entry.user_agent ? [device(entry.user_agent), entry.ip] : [];
  return make("li", {}, make("div", {},
    make("span", { class: "what" }, happened(entry)),
    make("span", { class: "quiet" }, [moment(entry.at), ...from].join(" · "))));
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
