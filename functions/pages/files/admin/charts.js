// Bars and lines over days, drawn by hand. Each has its figures in words for who does not see it, a line that reads out
// the days under the pointer, and the same figures as a table below.

import { draw, make } from "../parts/dom.js";
import { axis, labelled } from "./scale.js";

const HEIGHT = 208;
const EDGE = { top: 10, right: 6, bottom: 24, left: 46 };
const SHORT = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short", timeZone: "UTC" });

export const short = (day) => SHORT.format(new Date(day));
export const days = ({ from, to }) => (from === to ? short(from) : `${short(from)} – ${short(to)}`);

/** How many bars there is room for. */
export const room = (place) => Math.max(20, Math.floor((width(place) - EDGE.left - EDGE.right) / 5));
const width = (place) => Math.max(280, place.clientWidth);

/**
 * Stacked bars. `series` are `{name, of, style}` with `of(group)` the height, `groups` the days.
 * @returns the drawing with legend and read-out
 */
export function bars(place, { label, series, groups }) {
  const total = (group) => series.reduce((sum, one) => sum + one.of(group), 0);
  const { top, ticks } = axis(Math.max(0, ...groups.map(total)));
  const plan = frame(place, groups, top, ticks, String);
  const drawn = groups.flatMap((group, index) => {
    let below = 0;
    return series.map((one) => {
      const value = one.of(group);
      if (!value) return null;
      const y = plan.y(below + value);
      const made = draw("rect", { class: `bar ${one.style}`, x: plan.x(index) + plan.gap / 2, width: plan.step - plan.gap, y, height: plan.y(below) - y });
      below += value;
      return made;
    });
  });
  const read = (group) => `${days(group)}: ${series.map((one) => `${one.of(group)} ${one.name}`).join(", ")}`;
  return figure(plan, label, series, drawn, groups, read);
}

/** Lines of rates between 0 and 1; where a day has none, the line is broken. */
export function lines(place, { label, series, groups }) {
  const percent = (value) => `${Math.round(value * 100)} %`;
  const plan = frame(place, groups, 1, [0, 0.25, 0.5, 0.75, 1], percent);
  const middle = (index) => plan.x(index) + plan.step / 2;
  const drawn = series.map((one) => {
    let pen = "M";
    const alone = [];
    const path = groups.map((group, index) => {
      const value = one.of(group);
      if (value === null) return (pen = "M"), "";
      const isAlone = [index - 1, index + 1].every((next) => !groups[next] || one.of(groups[next]) === null);
      if (isAlone) alone.push(draw("circle", { class: `dot ${one.style}`, cx: middle(index), cy: plan.y(value), r: 3 }));
      const point = `${pen}${middle(index).toFixed(1)} ${plan.y(value).toFixed(1)}`;
      pen = "L";
      return point;
    });
    return [draw("path", { class: `rate ${one.style}`, d: path.join("") || "M0 0" }), alone];
  });
  const told = (value) => (value === null ? "–" : percent(value));
  const read = (group) => `${days(group)}: ${series.map((one) => `${one.name} ${told(one.of(group))}`).join(", ")}`;
  return figure(plan, label, series, drawn.flat(2), groups, read);
}

function frame(place, groups, top, ticks, name) {
  const all = width(place);
  const inner = { width: all - EDGE.left - EDGE.right, height: HEIGHT - EDGE.top - EDGE.bottom };
  const step = inner.width / Math.max(1, groups.length);
  const x = (index) => EDGE.left + index * step;
  const y = (value) => EDGE.top + inner.height * (1 - value / top);
  const isLabelled = labelled(groups.length, inner.width);
  const grid = ticks.flatMap((tick) => [
    draw("line", { class: "grid", x1: EDGE.left, x2: all - EDGE.right, y1: y(tick), y2: y(tick) }),
    draw("text", { x: EDGE.left - 8, y: y(tick) + 4, "text-anchor": "end" }, name(tick)),
  ]);
  const names = groups.map((group, index) => isLabelled(index) && draw("text", {
    // The last label ends with the drawing, so that nothing is cut off.
    x: index === groups.length - 1 ? all - EDGE.right : x(index) + step / 2,
    y: HEIGHT - 4,
    "text-anchor": index === groups.length - 1 ? "end" : "middle",
  }, short(group.from)));
  return { all, inner, step, x, y, gap: Math.min(4, step * 0.25), axes: [...grid, ...names] };
}

function figure(plan, label, series, drawn, groups, read) {
  const readout = make("p", { class: "readout", "aria-hidden": "true" });
  const at = draw("rect", { class: "at", y: EDGE.top, height: plan.inner.height, width: plan.step, visibility: "hidden" });
  const chart = draw("svg", { class: "chart", viewBox: `0 0 ${plan.all} ${HEIGHT}`, role: "img", "aria-label": label }, ...plan.axes, at, ...drawn);
  chart.addEventListener("pointermove", (event) => {
    const scale = plan.all / chart.getBoundingClientRect().width;
    const along = (event.clientX - chart.getBoundingClientRect().left) * scale - EDGE.left;
    const group = groups[Math.floor(along / plan.step)];
    readout.textContent = group ? read(group) : "";
    at.setAttribute("visibility", group ? "visible" : "hidden");
    if (group) at.setAttribute("x", plan.x(Math.floor(along / plan.step)));
  });
  chart.addEventListener("pointerleave", () => {
    readout.textContent = "";
    at.setAttribute("visibility", "hidden");
  });
  const legend = make("ul", { class: "legend" }, series.map((one) => make("li", { class: one.style }, one.name)));
  return make("figure", {}, legend, chart, readout);
}

/** The same figures as a table, folded away. */
export function table(caption, head, rows) {
  const cell = (value, index) => (index ? make("td", { class: "number" }, String(value)) : make("th", { scope: "row" }, value));
  return make("details", {}, make("summary", {}, "As a table"),
    make("div", { class: "scroll", tabindex: 0, role: "region", "aria-label": caption },
      make("table", {}, make("caption", {}, caption),
        make("thead", {}, make("tr", {}, head.map((name, index) => make("th", { scope: "col", class: index ? "number" : null }, name)))),
        make("tbody", {}, rows.map((row) => make("tr", {}, row.map(cell)))))));
}
