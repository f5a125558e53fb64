// The sites that the person signed in at.

import { $, make, saying } from "../parts/dom.js";
import { everything } from "../parts/session.js";
import { day, way } from "../parts/words.js";

function line({ source, registration_method: method, created_at: first, last_seen_at: last }) {
  return make("li", {}, make("div", {},
    make("span", { class: "what" }, source.name, make("span", { class: "tag" }, way(method))),
    make("span", { class: "quiet" }, `${source.url} · first on ${day(first)}, last on ${day(last)}`)));
}

async function show() {
  const sources = await everything("/api/profile/sources/");
  const none = make("li", {}, make("span", { class: "quiet" }, "None yet: the sites that send you here are listed."));
  $("source-list").replaceChildren(...(sources.length ? sources.map(line) : [none]));
  $("source-list").removeAttribute("aria-busy");
}

export function startSources() {
  show().catch(saying($("sources-alert")));
}
