import { sleep } from "./deliveries.js";
import { LatchkeyError } from "./errors.js";
import { access, fresh, read, session, ENDED, type Access, type Known } from "./record.js";
import type { Place } from "./storage.js";
import { LAG, Tabs, type Notice } from "./tabs.js";
import type { Schemas, Session, SessionChange, SignedIn } from "./types.js";
import { nobody, Watched, type Exchange, type SessionKeeper } from "./watched.js";

/**
 * What is stored where the refresh token is in a cookie: who is said to be signed in, so that pages know without asking and do
 * not ask for nothing. It opens nothing, and a forged one is put right by the next refresh.
 */
interface Hint extends Known {
  /** When a refresh last gave this browser another cookie, in milliseconds of this machine's clock. */
  readonly rotated?: number;
}

/** Stored from a sign-out until the service has taken the cookie away: a page that is opened meanwhile must not use it. */
const OWED = JSON.stringify({ gone: "signed-out" });
/**
 * The least time between two refreshes of one browser, in milliseconds. A page that is reloaded leaves its refresh on the way;
 * if two others overtook it, the service would take it for a theft.
 */
const APART = 1_000;

/**
 * Keeps a session whose refresh token is in a cookie that no script reads. The access token stays in memory: tabs hand it to
 * each other, and a page that has none asks for one. Whatever changes the cookie is done by one tab at a time.
 */
export class CookieKeeper implements SessionKeeper {
  readonly ready = Promise.resolve();
  readonly #key: string;
  readonly #place: Place;
  readonly #exchange: Exchange;
  readonly #tabs: Tabs | null;
  readonly #watched: Watched<Hint>;
  #held: Access | null = null;
  #refreshing: Promise<Access> | null = null;
  /** The session that was signed out of last: a refresh that was under way must not bring it back. */
  #over: string | null = null;

  constructor(key: string, place: Place, exchange: Exchange) {
    this.#key = key;
    this.#place = place;
    this.#exchange = exchange;
    this.#tabs = place.reach === "page" ? null : new Tabs(key);
    this.#watched = new Watched(key, place.storage, this.#tabs, hint);
    this.#tabs?.listen((notice) => void this.#hear(notice));
    const stored = place.storage.get(key) as string | null;
    this.#watched.begin(stored);
    if (stored === OWED) void this.#settle(null);
  }

  get session(): Session | null {
    return this.#watched.session;
  }

  subscribe(listener: (session: Session | null, change: SessionChange) => void): () => void {
    return this.#watched.subscribe(listener);
  }

  async fresh(refused?: string): Promise<Access> {
    const known = await this.#watched.read();
    if (!known) throw nobody();
    const held = this.#usable(known, refused);
    if (held) return held;
    this.#refreshing ??= this.#refresh(refused).finally(() => (this.#refreshing = null));
    return this.#refreshing;
  }

  #refresh(refused?: string): Promise<Access> {
    return this.#alone(async (lag) => {
      // What another tab was given meanwhile is on its way here.
      let known = await this.#watched.read();
      for (let waited = 0; known; waited += 10, known = await this.#watched.read()) {
        const held = this.#usable(known, refused);
        if (held) return held;
        if (waited >= lag) return this.#exchangeTokens(known, refused);
        await sleep(10);
      }
      throw nobody();
    });
  }

  async #exchangeTokens(known: Hint, refused: string | undefined): Promise<Access> {
    const rest = (known.rotated ?? 0) + APART - Date.now();
    if (rest > 0 && rest <= APART) await sleep(rest);
    let next;
    try {
      next = access(await this.#exchange.refresh());
    } catch (error) {
      return this.#afterFailure(known, refused, error);
    }
    const now = await this.#watched.read();
    // Signed out while we waited for the answer.
    if (now?.sid !== known.sid || this.#over === known.sid) throw nobody();
    await this.#keep(next, "refreshed");
    // Somebody else has signed in at another origin of this site: what was asked for was not theirs.
    if (next.userId !== known.userId) throw nobody();
    return next;
  }

  async #afterFailure(known: Hint, refused: string | undefined, error: unknown): Promise<Access> {
    if (!(error instanceof LatchkeyError) || error.code !== "refresh_invalid") {
      // No answer is no sign-out, and the token may well be good for a little longer.
      const held = this.#held;
      if (held && held.sid === known.sid && held.access !== refused && held.accessUntil > Date.now()) return held;
      throw error;
    }
    if ((await this.#watched.read())?.sid === known.sid) await this.#forget(known.sid, "ended", ENDED);
    throw nobody(error);
  }

  /** The service ends the session that the cookie had before. */
  async signIn(redeem: () => Promise<Schemas["SignedIn"]>): Promise<SignedIn> {
    // Where there are no locks, this much at least: a refresh's answer must not come in after ours.
    if (this.#refreshing) await this.#refreshing.catch(() => undefined);
    return this.#alone(async () => {
      const { user, tokens } = await redeem();
      const next = access(tokens);
      await this.#keep(next, "signed-in");
      return { user, session: this.session ?? (session(next) as Session) };
    });
  }

  async resume(): Promise<Session | null> {
    // Another origin of this site may have signed out: what is stored here is a hint.
    if (this.session) await this.fresh().catch(unlessOver);
    else await this.#alone(() => this.#find());
    return this.session;
  }

  async #find(): Promise<void> {
    const stored = await this.#place.storage.get(this.#key);
    if (this.#watched.notice(stored)) return;
    if (stored === OWED) await this.#revoke();
    else await this.#exchange.refresh().then((tokens) => this.#keep(access(tokens), "signed-in"), unlessOver);
  }

  /** Forgets first and tells the service then. Until the service has answered, the cookie is there and is not used. */
  async signOut(): Promise<boolean> {
    const known = await this.#watched.read();
    await this.#forget(known?.sid ?? null, "signed-out", OWED);
    return this.#settle(known?.sid ?? null);
  }

  /** The person has ended a session, or asked to be erased, which ends this one: the service has taken the cookie then. */
  async ended(sid: string | null): Promise<void> {
    const known = await this.#watched.read();
    if (known && (sid ?? known.sid) === known.sid) await this.#forget(known.sid, "signed-out", null);
  }

  close(): void {
    this.#watched.close();
  }

  /** Has the service end the session and take the cookie, unless somebody has signed in since, which did both. */
  #settle(over: string | null): Promise<boolean> {
    return this.#alone(async () => {
      const now = await this.#watched.read();
      return now && now.sid !== over ? true : this.#revoke();
    });
  }

  async #revoke(): Promise<boolean> {
    try {
      await this.#exchange.revoke();
    } catch {
      return false;
    }
    await this.#place.storage.remove(this.#key);
    await this.#watched.read();
    return true;
  }

  #alone<T>(work: (lag: number) => Promise<T>): Promise<T> {
    // A page that has had no token yet waits for none: another one costs a refresh, and every page would begin with the wait.
    return this.#tabs ? this.#tabs.alone(work, this.#held ? LAG : 0) : work(0);
  }

  #usable(known: Hint, refused: string | undefined): Access | null {
    const held = this.#held;
    return held && held.sid === known.sid && held.access !== refused && fresh(held) ? held : null;
  }

  async #keep(next: Access, change: "signed-in" | "refreshed"): Promise<void> {
    this.#held = next;
    const { userId, sid, until } = next;
    const known: Hint = { userId, sid, until, ...(change === "refreshed" && { rotated: Date.now() }) };
    await this.#place.storage.set(this.#key, JSON.stringify(known));
    this.#tabs?.tell({ sid, change, value: JSON.stringify(next) });
    await this.#watched.read();
  }

  async #forget(sid: string | null, change: SessionChange, instead: string | null): Promise<void> {
    const { storage } = this.#place;
    this.#over = sid;
    this.#held = null;
    await (instead ? storage.set(this.#key, instead) : storage.remove(this.#key));
    if (sid) this.#tabs?.tell({ sid, change });
    await this.#watched.read();
  }

  async #hear({ sid, change, value }: Notice): Promise<void> {
    if (change === "signed-out" || change === "ended") {
      this.#over = sid;
      if (this.#held?.sid === sid) this.#held = null;
    } else {
      const told = read<Access>(value ?? null);
      if (told?.access && (told.taken ?? 0) > (this.#held?.taken ?? 0)) this.#held = told as Access;
    }
    await this.#watched.read();
  }
}

/** That nobody is signed in is an answer; everything else is a failure. */
function unlessOver(error: unknown): void {
  const is = error instanceof LatchkeyError ? error.code : null;
  if (is !== "refresh_invalid" && is !== "unauthenticated") throw error;
}

function hint(text: string | null): Hint | null {
  const found = read<Hint>(text);
  return found?.sid && found.userId ? (found as Hint) : null;
}
