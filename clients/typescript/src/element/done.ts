import { h } from "./dom.js";
import type { Situation, View } from "./view.js";

/** Somebody is signed in. */
export function done({ client, words }: Situation): View {
  const text = h("p", { part: "status", class: "status", role: "status", tabindex: "-1", "data-state": "delivered" }, words.done);
  const out = h("button", { part: "link", class: "link", type: "button" }, words.signOut);
  out.addEventListener("click", () => void client.signOut());
  return { node: h("div", { class: "done" }, text, h("div", { class: "links" }, out)), focus: () => text.focus() };
}
