// New users by day and way.

import { $, make } from "../parts/dom.js";
import { everything } from "../parts/session.js";
import { bars, days, room, short, table } from "./charts.js";
import { METHODS, count } from "./methods.js";
import { daysOf } from "./range.js";
import { gathered, summing } from "./scale.js";

/** Reads them; what comes back draws them into the width that there is. */
export async function readRegistrations(range) {
  const rows = new Map((await everything("/api/analytics/registrations/", { from: range.from, to: range.to })).map((row) => [row.day, row]));
  const all = daysOf(range).map((day) => {
    const by = rows.get(day)?.by_method ?? {};
    return { day, total: rows.get(day)?.total ?? 0, ...Object.fromEntries(METHODS.map(({ method }) => [method, by[method] ?? 0])) };
  });
  return () => draw(all);
}

function draw(all) {
  const place = $("registrations");
  const methods = METHODS.map(({ method }) => method);
  const total = all.reduce((sum, { total: one }) => sum + one, 0);
  const best = all.reduce((most, one) => (one.total > most.total ? one : most), all[0]);
  const groups = gathered(all, room(place), summing(["total", ...methods]));
  const series = METHODS.map(({ method, name, style }) => ({ name, style, of: (group) => group[method] }));
  const label = `${count(total)} registrations in ${all.length} days; most on ${short(best.day)}: ${best.total}.`;
  place.replaceChildren(
    make("dl", { class: "tiles" }, make("div", {}, make("dt", {}, "New users"), make("dd", {}, count(total))),
      METHODS.map(({ method, name }) => make("div", {}, make("dt", {}, `By ${name}`), make("dd", {}, count(all.reduce((sum, one) => sum + one[method], 0)))))),
    bars(place, { label, series, groups }),
    table("Registrations by way", [groups.length < all.length ? "Days" : "Day", "All", ...METHODS.map(({ name }) => name)],
      groups.map((group) => [days(group), group.total, ...methods.map((method) => group[method])])));
}
