type Attributes = { readonly [name: string]: string | boolean | null | undefined };

/** An element with attributes and children, without markup in strings: a page's policy may forbid that. */
export function h<Tag extends keyof HTMLElementTagNameMap>(
  tag: Tag,
  attributes: Attributes = {},
  ...children: readonly (Node | string)[]
): HTMLElementTagNameMap[Tag] {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === true) element.setAttribute(name, "");
    else if (typeof value === "string") element.setAttribute(name, value);
  }
  element.append(...children);
  return element;
}

/** A sentence with one of its `{places}` taken by a node. */
export function sentence(text: string, place: string, node: Node): readonly (Node | string)[] {
  const [before = "", after = ""] = text.split(place);
  return [before, node, after];
}

/** Off for clicks, and still reachable by keyboard: a button that goes off must not throw away the focus. */
export function enable(button: HTMLButtonElement, on: boolean): void {
  button.setAttribute("aria-disabled", String(!on));
}

export function isOn(button: HTMLButtonElement): boolean {
  return button.getAttribute("aria-disabled") !== "true";
}
