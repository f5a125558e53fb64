import { countdown, LatchkeyError } from "../latchkey.js";
import { h } from "./dom.js";
import { fill, time, type Words } from "./words.js";

/** What is said about an error, and how long it makes one wait. */
export class Notice {
  readonly node: HTMLElement;
  readonly #alert = h("p", { part: "alert", class: "alert", role: "alert", id: "alert" });
  // A timer is not read out each second, as an alert would be.
  readonly #timer = h("p", { part: "text", class: "quiet", role: "timer", hidden: true });
  readonly #words: Words;
  #stop = () => {};

  constructor(words: Words) {
    this.#words = words;
    this.node = h("div", { class: "notice" }, this.#alert, this.#timer);
  }

  clear(): void {
    this.#stop();
    this.#alert.textContent = "";
    this.#timer.hidden = true;
  }

  say(sentence: string): void {
    this.clear();
    this.#alert.textContent = sentence;
  }

  /** Says what an error means. Calls back once what is to be waited for is over. */
  tell(error: unknown, about: About, onOver: () => void, signal: AbortSignal): void {
    this.say(meaning(error, about, this.#words));
    const wait = error instanceof LatchkeyError && error.code === "rate_limited" ? error.retryAfter : null;
    if (!wait) return onOver();
    this.#timer.hidden = false;
    this.#stop = countdown(
      wait,
      (left) => {
        this.#timer.textContent = fill(this.#words.tryAgainIn, { time: time(left) });
        if (left > 0) return;
        this.clear();
        onOver();
      },
      signal,
    );
  }
}

/** What the person was about to do. */
export interface About {
  readonly kind: "email" | "phone" | "either";
  readonly digits: number;
}

function meaning(error: unknown, about: About, words: Words): string {
  if (!(error instanceof LatchkeyError)) return words.broken;
  switch (error.code) {
    case "invalid_request":
      return wrongField(error.fields.map((field) => field.pointer), about, words);
    case "otp_invalid":
      return words.wrongCode;
    case "rate_limited":
      return words.tooOften;
    case "delivery_failed":
      return words.notSent;
    case "forbidden":
      return words.suspended;
    case "offline":
      return words.offline;
    default:
      return words.broken;
  }
}

function wrongField(pointers: readonly string[], about: About, words: Words): string {
  if (pointers.includes("/otp_code")) return fill(words.wrongLength, { n: about.digits });
  if (pointers.includes("/channel")) return words.wrongWay;
  // Anything else that was wrong is nothing that the person typed.
  if (!pointers.includes("/identifier")) return words.broken;
  if (about.kind === "email") return words.wrongEmail;
  return about.kind === "phone" ? words.wrongPhone : words.wrongAddress;
}
