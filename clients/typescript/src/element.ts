import { createLatchkey, type Channel, type CodeProof, type Latchkey, type LatchkeyOptions } from "./latchkey.js";
import { ask, type Asked } from "./element/ask.js";
import { h } from "./element/dom.js";
import { done } from "./element/done.js";
import { Memory, type Pending } from "./element/pending.js";
import { prove } from "./element/prove.js";
import { styles } from "./element/styles.js";
import type { Situation, View } from "./element/view.js";
import { speech } from "./element/words.js";

const CHANNELS: readonly string[] = ["email", "sms", "phone", "whatsapp"] satisfies Channel[];

/** A server that renders pages imports this too, and has no elements. */
const Base = (globalThis.HTMLElement ?? Object) as typeof HTMLElement;

/**
 * `<latchkey-sign-in base-url="https://auth.example.com">`: asks for an address, sends a code, takes the code.
 *
 * Attributes: `base-url`, `channels` (`email sms whatsapp`, `email` by default), `locale`, `source-url`, `storage`,
 * `code-length`, `identifier` (filled in), `reauthenticate` (asks although somebody is signed in), `autofocus`.
 * Events: `latchkey-signed-in` with `{ user, session }`, `latchkey-error` with a `LatchkeyError`; both bubble.
 */
export class LatchkeySignIn extends Base {
  static readonly observedAttributes = (
    "base-url channels locale source-url storage code-length identifier reauthenticate"
  ).split(" ");

  readonly #root = this.attachShadow({ mode: "open", delegatesFocus: true });
  #given: Latchkey | null = null;
  #own: Latchkey | null = null;
  #view = new AbortController();
  #unsubscribe = () => {};
  #pending: Pending | null = null;
  #proven = false;

  constructor() {
    super();
    this.#root.adoptedStyleSheets = [styles()];
  }

  /** The app's own client, in place of one made from the attributes. */
  set client(client: Latchkey | null) {
    this.#given = client;
    this.#begin();
  }

  get client(): Latchkey {
    return (this.#given ?? (this.#own ??= createLatchkey(this.#options()))) as Latchkey;
  }

  connectedCallback(): void {
    this.#begin();
    if (this.hasAttribute("autofocus")) this.focus();
  }

  disconnectedCallback(): void {
    this.#end();
  }

  attributeChangedCallback(name: string, before: string | null, after: string | null): void {
    if (before === after || !this.isConnected) return;
    if (["base-url", "source-url", "storage"].includes(name)) this.#dropOwn();
    this.#begin();
  }

  /** Back to the first step. */
  reset(): void {
    this.#memory().forget();
    this.#pending = null;
    this.#proven = false;
    if (this.isConnected) this.#ask();
  }

  #begin(): void {
    this.#end();
    if (!this.isConnected) return;
    const { client } = this;
    this.#unsubscribe = client.onSessionChange(() => this.#sessionChanged());
    this.#pending ??= this.#memory().recall();
    if (client.session && !this.#again) this.#show(done);
    else if (this.#pending) this.#prove(this.#pending);
    else this.#ask();
    void client.ready.then(() => this.isConnected && client === this.client && this.#sessionChanged());
  }

  #end(): void {
    this.#view.abort();
    this.#unsubscribe();
    this.#unsubscribe = () => {};
    if (!this.isConnected) this.#dropOwn();
  }

  #dropOwn(): void {
    this.#own?.close();
    this.#own = null;
  }

  get #again(): boolean {
    return this.hasAttribute("reauthenticate") && !this.#proven;
  }

  #sessionChanged(): void {
    const isIn = this.client.session !== null;
    const shows = this.#root.querySelector(".done") !== null;
    if (isIn && !shows && !this.#again) this.#show(done);
    if (!isIn && shows) this.reset();
  }

  #ask(): void {
    const prefill = this.getAttribute("identifier") ?? "";
    this.#show((at) => ask(at, prefill, (asked) => this.#send(at, asked)));
  }

  async #send(at: Situation, { identifier, channel }: Asked): Promise<void> {
    const { locale } = speech(this);
    const wish = { identifier, ...(channel && { channel }), ...(locale && { locale }) };
    const sent = await at.client.requestCode(wish);
    if (at.signal.aborted) return;
    this.#pending = { identifier, channel, sent, at: Date.now() };
    this.#memory().keep(this.#pending);
    this.#prove(this.#pending).focus();
  }

  #prove(pending: Pending): View {
    const { identifier } = pending;
    return this.#show((at) =>
      prove(at, pending, {
        prove: (code) => this.#verify(at, { identifier, code, channel: pending.sent.channel }),
        again: (channel) => this.#send(at, { identifier, channel }),
        other: () => {
          this.reset();
          this.focus();
        },
      }),
    );
  }

  async #verify(at: Situation, proof: CodeProof): Promise<void> {
    const signedIn = await at.client.verifyCode(proof);
    this.#memory().forget();
    this.#pending = null;
    this.#proven = true;
    if (this.isConnected) this.#show(done).focus();
    this.#dispatch("latchkey-signed-in", signedIn);
  }

  #show(make: (at: Situation) => View): View {
    this.#view.abort();
    this.#view = new AbortController();
    const { words, language } = speech(this);
    const view = make({
      client: this.client,
      words,
      channels: this.#channels(),
      digits: Number.parseInt(this.getAttribute("code-length") ?? "", 10) || 6,
      again: this.#again,
      signal: this.#view.signal,
      report: (error) => this.#dispatch("latchkey-error", error),
    });
    // All of its languages are written so, wherever the page puts it.
    this.#root.replaceChildren(h("div", { class: "view", lang: language, dir: "ltr" }, view.node));
    return view;
  }

  #channels(): readonly Channel[] {
    const named = (this.getAttribute("channels") ?? "email").split(/[\s,]+/).filter((name) => CHANNELS.includes(name));
    return (named.length ? named : ["email"]) as Channel[];
  }

  #options(): LatchkeyOptions {
    const storage = this.getAttribute("storage");
    const sourceUrl = this.getAttribute("source-url");
    return {
      baseUrl: this.getAttribute("base-url") ?? "",
      ...(storage && { storage: storage as "cookie" | "local" | "session" | "memory" }),
      ...(sourceUrl && { sourceUrl }),
    };
  }

  #memory(): Memory {
    return new Memory(this.getAttribute("base-url") ?? "");
  }

  #dispatch(name: string, detail: unknown): void {
    this.dispatchEvent(new CustomEvent(name, { detail, bubbles: true, composed: true }));
  }
}

if (globalThis.customElements && !customElements.get("latchkey-sign-in")) {
  customElements.define("latchkey-sign-in", LatchkeySignIn);
}

declare global {
  interface HTMLElementTagNameMap {
    "latchkey-sign-in": LatchkeySignIn;
  }
}
