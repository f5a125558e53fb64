// Numbers for axes, and days put together where there are too many for the width: pure.

/** A round number at or above the largest, and the steps below it. */
export function axis(largest, steps = 4) {
  const rough = Math.max(largest, 1) / steps;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = Math.max(1, [1, 2, 2.5, 5, 10].map((unit) => unit * power).find((unit) => unit >= rough));
  const top = Math.ceil(Math.max(largest, 1) / step) * step;
  const ticks = [];
  for (let value = 0; value <= top + step / 2; value += step) ticks.push(value);
  return { top, ticks };
}

/** Neighbouring days as one where there is room for `most` only; `sum` puts the figures of several together. */
export function gathered(days, most, sum) {
  const size = days.length <= most ? 1 : Math.ceil(days.length / most / 7) * 7;
  const groups = [];
  for (let start = 0; start < days.length; start += size) {
    const group = days.slice(start, start + size);
    groups.push({ from: group[0].day, to: group.at(-1).day, ...sum(group) });
  }
  return groups;
}

/** Sums of these members. */
export const summing = (names) => (group) =>
  Object.fromEntries(names.map((name) => [name, group.reduce((sum, one) => sum + one[name], 0)]));

/** Which of so many labels are written, so that they do not touch. */
export function labelled(count, width, room = 74) {
  const every = Math.max(1, Math.ceil(count / Math.max(1, Math.floor(width / room))));
  return (index) => (count - 1 - index) % every === 0;
}
