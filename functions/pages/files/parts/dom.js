// Small words for making and finding elements.

import { sentence } from "./words.js";

export const $ = (id) => document.getElementById(id);

/** An element: `make("p", { class: "quiet", onclick }, "text", child)`. Empty attributes and children are left out. */
export function make(tag, attributes = {}, ...children) {
  return dress(document.createElement(tag), attributes, children);
}

const SVG = "http://www.w3.org/2000/svg";

/** The same for a drawing. */
export function draw(tag, attributes = {}, ...children) {
  return dress(document.createElementNS(SVG, tag), attributes, children);
}

function dress(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (value === undefined || value === null || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

/** Runs what a button or form is for, with its buttons off meanwhile; whatever goes wrong is told where `say` puts it. */
export async function busy(within, say, work) {
  const inside = within.matches("button") ? [within] : [...within.querySelectorAll("button")];
  const buttons = inside.filter((button) => !button.disabled);
  const focused = document.activeElement;
  buttons.forEach((button) => (button.disabled = true));
  say("");
  try {
    return await work();
  } catch (error) {
    say(error);
  } finally {
    buttons.forEach((button) => (button.disabled = false));
    // A disabled button has lost the focus; keyboard users go on where they were.
    if (document.activeElement === document.body && buttons.includes(focused) && focused.isConnected) focused.focus();
  }
}

/** Puts a sentence, or an error's, into a live region. */
export const saying = (region) => (what) => {
  region.textContent = what instanceof Error ? sentence(what) : what;
};
