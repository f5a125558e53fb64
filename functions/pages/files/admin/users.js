// Who registered lately. Addresses are masked until they are asked for: somebody may look over the shoulder.

import { $, busy, make } from "../parts/dom.js";
import { latchkey } from "../parts/session.js";
import { moment } from "../parts/words.js";

const PAGE = 20;
const HEAD = ["Joined", "Address", "Source", "Account"];

let since;
let next;
let rows = [];
let isRevealed = false;

/** `jane@example.com` as `j…@example.com`, `+14155550100` as `+1415…00`. */
export function masked(address) {
  const at = address.lastIndexOf("@");
  return at > 0 ? `${address.slice(0, 1)}…${address.slice(at)}` : `${address.slice(0, 5)}…${address.slice(-2)}`;
}

function show() {
  const address = (one) => (isRevealed ? one : masked(one));
  const line = (user) => make("tr", {},
    make("td", { class: "time" }, moment(user.date_joined)),
    make("td", {}, [user.email, user.phone_number].filter(Boolean).map(address).join(", ")),
    make("td", {}, user.source?.name ?? "–"),
    make("td", {}, make("code", {}, user.id)));
  const table = make("table", {},
    make("thead", {}, make("tr", {}, HEAD.map((name) => make("th", { scope: "col" }, name)))),
    make("tbody", {}, rows.map(line)));
  const none = make("p", { class: "quiet" }, "Nobody registered since then.");
  $("users").replaceChildren(rows.length ? make("div", { class: "scroll", tabindex: 0, role: "region", "aria-label": "Table of new users" }, table) : none);
  $("more-users").hidden = !next;
}

async function more() {
  const { data } = await latchkey.api.GET("/api/analytics/users/", { params: { query: { joined_since: since, limit: PAGE, cursor: next } } });
  rows.push(...data.results);
  next = data.next ?? undefined;
}

export async function readUsers(range) {
  [since, next, rows] = [range.from, undefined, []];
  await more();
  return show;
}

export function startUsers(say) {
  $("reveal").addEventListener("click", () => {
    isRevealed = !isRevealed;
    $("reveal").setAttribute("aria-pressed", String(isRevealed));
    show();
  });
  $("more-users").addEventListener("click", () => busy($("more-users"), say, async () => {
    await more();
    show();
  }));
}
