import { LatchkeyError } from "./errors.js";
import { ENDED, session, type Access, type Known } from "./record.js";
import type { Tabs } from "./tabs.js";
import type { KeyValueStorage, Schemas, Session, SessionChange, SignedIn } from "./types.js";

type Listener = (session: Session | null, change: SessionChange) => void;

/** Two calls of the service that the session itself needs. Without a token they go by the session cookie. */
export interface Exchange {
  refresh(token?: string): Promise<Schemas["Tokens"]>;
  revoke(token?: string): Promise<void>;
}

/** Keeps a session: fresh, and alike in all tabs. */
export interface SessionKeeper {
  /** Resolves once a stored session is known. */
  readonly ready: Promise<void>;
  readonly session: Session | null;
  subscribe(listener: Listener): () => void;
  /** An access token with some life left that is not the one that was refused. */
  fresh(refused?: string): Promise<Access>;
  /** Redeems a code, and keeps the session in place of one that was here. */
  signIn(redeem: () => Promise<Schemas["SignedIn"]>): Promise<SignedIn>;
  resume(): Promise<Session | null>;
  signOut(): Promise<boolean>;
  close(): void;
}

/** What is stored of a session, and everybody who wants to know of a change. */
export class Watched<Stored extends Known> {
  readonly #key: string;
  readonly #storage: KeyValueStorage;
  readonly #tabs: Tabs | null;
  readonly #parse: (text: string | null) => Stored | null;
  readonly #listeners = new Set<Listener>();
  #known: Stored | null = null;
  #shown: Session | null = null;

  constructor(key: string, storage: KeyValueStorage, tabs: Tabs | null, parse: (text: string | null) => Stored | null) {
    this.#key = key;
    this.#storage = storage;
    this.#tabs = tabs;
    this.#parse = parse;
  }

  get session(): Session | null {
    const stored = this.#storage.get(this.#key);
    if (!(stored instanceof Promise)) this.notice(stored);
    return this.#show();
  }

  subscribe(listener: Listener): () => void {
    // What another tab stored may be seen later than what it told, and a page that comes back from the browser's cache has
    // missed both.
    if (this.#listeners.size === 0) for (const event of ["storage", "pageshow"]) globalThis.addEventListener?.(event, this.#look);
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  /** Knows what was stored when the page began, which is no change. */
  begin(text: string | null): void {
    this.#known = this.#parse(text);
  }

  async read(): Promise<Stored | null> {
    return this.notice(await this.#storage.get(this.#key));
  }

  /** Takes in what is stored, and calls the listeners where that is another session: the one way to all of them. */
  notice(text: string | null): Stored | null {
    const before = this.#known?.sid;
    this.#known = this.#parse(text);
    if (before !== this.#known?.sid) this.#emit(this.#known ? "signed-in" : text === ENDED ? "ended" : "signed-out");
    return this.#known;
  }

  close(): void {
    this.#tabs?.close();
    for (const event of ["storage", "pageshow"]) globalThis.removeEventListener?.(event, this.#look);
    this.#listeners.clear();
  }

  readonly #look = () => void this.read();

  /** The same object as long as it is the same session: some frameworks take another one for a change. */
  #show(): Session | null {
    if (this.#shown?.sid !== this.#known?.sid) this.#shown = session(this.#known);
    return this.#shown;
  }

  #emit(change: SessionChange): void {
    const now = this.#show();
    for (const listener of this.#listeners) queueMicrotask(() => listener(now, change));
  }
}

export function nobody(cause?: unknown): LatchkeyError {
  return new LatchkeyError("unauthenticated", "Nobody is signed in here, or not any more.", { status: 401, cause });
}
