// Where users come from, the most of them first. All of them, whichever days are chosen.

import { $, draw, make } from "../parts/dom.js";
import { everything } from "../parts/session.js";
import { day } from "../parts/words.js";
import { table } from "./charts.js";
import { METHODS, count } from "./methods.js";

const SHOWN = 12;

export async function showSources() {
  const sources = await everything("/api/analytics/sources/");
  const most = sources[0]?.users ?? 1;
  if (!sources.length) return $("sources").replaceChildren(make("p", { class: "quiet" }, "None yet: a source is the source_url that an app sends along with a code."));
  $("sources").replaceChildren(
    make("ul", { class: "legend" }, METHODS.map(({ name, style }) => make("li", { class: style }, name))),
    make("ul", { class: "bars" }, sources.slice(0, SHOWN).map((one) => bar(one, most))),
    table("Users by source and way", ["Source", "Users", ...METHODS.map(({ name }) => name)],
      sources.map(({ source, users, by_method: by }) => [source.url, users, ...METHODS.map(({ method }) => by[method] ?? 0)])));
}

function bar({ source, users, by_method: by, last_registration: last }, most) {
  let x = 0;
  const parts = METHODS.map(({ method, style }) => {
    const width = (100 * (by[method] ?? 0)) / most;
    x += width;
    return width > 0 && draw("rect", { class: style, x: x - width, width, height: 10 });
  });
  return make("li", {},
    make("div", { class: "name" }, make("span", {}, source.name), make("b", {}, count(users))),
    draw("svg", { viewBox: "0 0 100 10", preserveAspectRatio: "none", "aria-hidden": "true" }, ...parts),
    make("span", { class: "quiet" }, source.url, last && ` · last on ${day(last)}`));
}
