// What became of codes: sent, delivered, used; by day and by channel.

import { $, make } from "../parts/dom.js";
import { everything } from "../parts/session.js";
import { bars, days, lines, room, table } from "./charts.js";
import { METHODS, count, part, percent } from "./methods.js";
import { daysOf } from "./range.js";
import { gathered, summing } from "./scale.js";

const STEPS = ["requested", "sent", "delivered", "verified", "failed", "limited"];
const CHANNELS = METHODS.map(({ channel }) => channel);

export async function readCodes(range) {
  const rows = await everything("/api/analytics/otp/", { from: range.from, to: range.to });
  return () => draw(rows, range);
}

const sums = summing(STEPS);

function draw(rows, range) {
  const place = $("codes");
  const all = sums(rows);
  const byChannel = METHODS.map((way) => ({ ...way, ...sums(rows.filter(({ channel }) => channel === way.channel)) }));
  const byDay = grouped(rows);
  const whole = daysOf(range).map((day) => {
    const here = byDay.get(day) ?? [];
    const sent = Object.fromEntries(CHANNELS.map((name) => [name, sums(here.filter(({ channel }) => channel === name)).sent]));
    return { day, ...sums(here), ...sent };
  });
  const groups = gathered(whole, room(place), summing([...STEPS, ...CHANNELS]));
  const sent = METHODS.map(({ channel, name, style }) => ({ name, style, of: (group) => group[channel] }));
  const rates = [
    { name: "Delivered", style: "line email", of: (group) => part(group.delivered, group.sent) },
    { name: "Used", style: "line dashed whatsapp", of: (group) => part(group.verified, group.sent) },
  ];
  place.replaceChildren(
    make("dl", { class: "tiles" },
      tile("Sent", count(all.sent)),
      tile("Delivered", percent(part(all.delivered, all.sent))),
      tile("Used", percent(part(all.verified, all.sent))),
      tile("Wrong", count(all.failed)),
      tile("Held back", count(all.limited))),
    make("p", { class: "quiet" }, "Delivered and used are parts of those sent; wrong ones were compared and did not match; held back were asked for beyond a limit."),
    make("h3", {}, "Sent by channel"),
    bars(place, { label: `${count(all.sent)} codes sent: ${byChannel.map((one) => `${one.name} ${count(one.sent)}`).join(", ")}.`, series: sent, groups }),
    make("h3", {}, "Delivered and used"),
    lines(place, { label: `Of all sent, ${percent(part(all.delivered, all.sent))} were delivered and ${percent(part(all.verified, all.sent))} used.`, series: rates, groups }),
    table("Codes by day", ["Days", "Requested", "Sent", "Delivered", "Used", "Wrong", "Held back"],
      groups.map((group) => [days(group), ...STEPS.map((step) => group[step])])),
    make("h3", {}, "By channel"),
    channels(byChannel));
}

const tile = (name, value) => make("div", {}, make("dt", {}, name), make("dd", {}, value));

function channels(all) {
  const head = ["Channel", "Sent", "Delivered", "Used", "Wrong", "Held back"];
  return make("div", { class: "scroll", tabindex: 0, role: "region", "aria-label": "Table of codes by channel" }, make("table", {},
    make("thead", {}, make("tr", {}, head.map((name, index) => make("th", { scope: "col", class: index ? "number" : null }, name)))),
    make("tbody", {}, all.map((one) => make("tr", {}, make("th", { scope: "row" }, one.name),
      [count(one.sent), percent(part(one.delivered, one.sent)), percent(part(one.verified, one.sent)), count(one.failed), count(one.limited)]
        .map((value) => make("td", { class: "number" }, value)))))));
}

function grouped(rows) {
  const groups = new Map();
  for (const row of rows) groups.set(row.day, [...(groups.get(row.day) ?? []), row]);
  return groups;
}
