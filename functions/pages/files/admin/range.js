// Which days are shown. The page's address has them, so that a view can be kept and passed on.

import { $ } from "../parts/dom.js";
import { day } from "../parts/words.js";

const PRESETS = [7, 30, 90, 365];
const USUAL = 30;
const MOST = 366;
const DAY = 86_400_000;

const iso = (time) => new Date(time).toISOString().slice(0, 10);
const back = (to, days) => iso(Date.parse(to) - (days - 1) * DAY);

/** All days of a range, oldest first. */
export function daysOf({ from, to }) {
  const days = [];
  for (let time = Date.parse(from); time <= Date.parse(to); time += DAY) days.push(iso(time));
  return days;
}

function read(today) {
  const query = new URLSearchParams(location.search);
  const isDay = (text) => /^\d{4}-\d{2}-\d{2}$/.test(text ?? "") && !Number.isNaN(Date.parse(text));
  if (isDay(query.get("from")) && isDay(query.get("to"))) return { days: "own", from: query.get("from"), to: query.get("to") };
  const days = PRESETS.find((preset) => String(preset) === query.get("days")) ?? USUAL;
  return { days, from: back(today, days), to: today };
}

function write({ days, from, to }) {
  const query = days === "own" ? { from, to } : { days };
  history.replaceState(null, "", `?${new URLSearchParams(query)}`);
}

const wrong = ({ from, to }) => {
  if (!from || !to) return "Choose both days.";
  if (from > to) return "The first day is after the last one. Change one of them.";
  if (daysOf({ from, to }).length > MOST) return `That is more than ${MOST} days. Choose fewer.`;
  return "";
};

/** Keeps the form, calls back with each range that is chosen. `today` is the service's day. */
export function startRange(today, show) {
  const form = $("range");
  const use = (range) => {
    $("range-alert").textContent = wrong(range);
    if (wrong(range)) return;
    write(range);
    $("range-words").textContent = `${day(`${range.from}T12:00`)} to ${day(`${range.to}T12:00`)}.`;
    show(range);
  };
  const first = read(today);
  form.elements.days.value = String(first.days);
  const unfold = () => ($("own").hidden = form.elements.days.value !== "own");
  const fill = ({ from, to }) => {
    $("from").value = from;
    $("to").value = to;
  };
  form.addEventListener("change", ({ target }) => {
    if (target.name !== "days") return;
    unfold();
    if (target.value === "own") return $("from").focus();
    const days = Number(target.value);
    const range = { days, from: back(today, days), to: today };
    fill(range);
    use(range);
  });
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    use({ days: "own", from: $("from").value, to: $("to").value });
  });
  fill(first);
  unfold();
  use(first);
}
