import { de } from "./texts/de.js";
import { en, type Words } from "./texts/en.js";
import { es } from "./texts/es.js";
import { fr } from "./texts/fr.js";
import { ja } from "./texts/ja.js";
import { pt } from "./texts/pt.js";

export type { Words };

const LANGUAGES: { readonly [language: string]: Words } = { de, en, es, fr, ja, pt };

export interface Speech {
  /** The language of the words, for `lang`. */
  readonly language: string;
  /** The wish that they come from, for the service, which knows other languages. */
  readonly locale: string | undefined;
  readonly words: Words;
}

/** The words for an element: by its attribute, by the language of what is around it, by the browser's. */
export function speech(element: Element): Speech {
  const said = element.getAttribute("locale") ?? around(element);
  const wishes = said ? [said] : (navigator.languages ?? []);
  const known = wishes.map(tag).find((wish) => wish && language(wish) in LANGUAGES);
  const first = known ? language(known) : "en";
  return { language: first, locale: known ?? tag(wishes[0] ?? ""), words: LANGUAGES[first] ?? en };
}

/** The nearest `lang`, also out of other elements' shadows. */
function around(element: Element): string | null {
  for (let at: Element | null = element; at; at = host(at)) {
    const nearest = at.closest("[lang]");
    if (nearest?.getAttribute("lang")) return nearest.getAttribute("lang");
  }
  return null;
}

function host(element: Element): Element | null {
  const root = element.getRootNode();
  return root instanceof ShadowRoot ? root.host : null;
}

function tag(wish: string): string | undefined {
  try {
    return Intl.getCanonicalLocales(wish)[0];
  } catch {
    return undefined;
  }
}

function language(wish: string): string {
  return wish.split("-")[0] as string;
}

const two = (part: number) => String(part).padStart(2, "0");

/** Minutes and seconds, in digits that every language reads. */
export function time(seconds: number): string {
  const minutes = Math.floor(seconds / 60);
  const clock = minutes < 60 ? String(minutes) : `${Math.floor(minutes / 60)}:${two(minutes % 60)}`;
  return `${clock}:${two(seconds % 60)}`;
}

export function fill(sentence: string, values: { readonly [name: string]: string | number }): string {
  return sentence.replace(/\{(\w+)\}/g, (whole, name: string) => String(values[name] ?? whole));
}
