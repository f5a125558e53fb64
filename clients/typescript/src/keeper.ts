import { sleep } from "./deliveries.js";
import { LatchkeyError } from "./errors.js";
import { ENDED, fresh, parse, record, session, type Record } from "./record.js";
import type { Place } from "./storage.js";
import { Tabs, type Notice } from "./tabs.js";
import type { Schemas, Session, SessionChange, SignedIn } from "./types.js";
import { nobody, Watched, type Exchange, type SessionKeeper } from "./watched.js";

/** The service's own word that a refresh token is none, or none any more. */
const OVER: ReadonlySet<LatchkeyError["code"]> = new Set(["refresh_invalid", "invalid_request"]);

/** Keeps a session whose refresh token is stored where scripts can read it. */
export class Keeper implements SessionKeeper {
  readonly ready: Promise<void>;
  readonly #key: string;
  readonly #place: Place;
  readonly #exchange: Exchange;
  readonly #tabs: Tabs | null;
  readonly #watched: Watched<Record>;
  #refreshing: Promise<Record> | null = null;
  /** The session that was signed out of last: a refresh that was under way must not bring it back. */
  #over: string | null = null;

  constructor(key: string, place: Place, exchange: Exchange) {
    this.#key = key;
    this.#place = place;
    this.#exchange = exchange;
    this.#tabs = place.reach === "page" ? null : new Tabs(key);
    this.#watched = new Watched(key, place.storage, this.#tabs, parse);
    // A duplicated tab starts with a copy of this tab's storage, and must not go on with tokens that we have used up.
    if (place.reach === "tab") this.#tabs?.listen((notice) => void this.#hear(notice));
    const stored = place.storage.get(key);
    if (!(stored instanceof Promise)) this.#watched.begin(stored);
    this.ready = stored instanceof Promise ? stored.then((text) => this.#watched.begin(text)) : Promise.resolve();
  }

  get session(): Session | null {
    return this.#watched.session;
  }

  subscribe(listener: (session: Session | null, change: SessionChange) => void): () => void {
    this.#tabs?.listen((notice) => void this.#hear(notice));
    return this.#watched.subscribe(listener);
  }

  /** The record with an access token that has some life left, and is not the one that was refused. */
  async fresh(refused?: string): Promise<Record> {
    const held = await this.#read();
    if (!held) throw nobody();
    if (held.access !== refused && fresh(held)) return held;
    // One at a time: calls that come meanwhile wait for the same.
    this.#refreshing ??= this.#refresh(refused).finally(() => (this.#refreshing = null));
    return this.#refreshing;
  }

  #refresh(refused?: string): Promise<Record> {
    const work = (lag: number) => this.#exchangeTokens(refused, lag);
    return this.#tabs ? this.#tabs.alone(work) : work(0);
  }

  async #exchangeTokens(refused: string | undefined, lag: number): Promise<Record> {
    // Read again: while we waited, another tab may have done it.
    let held = await this.#read();
    for (let waited = 0; held && waited < lag; held = await this.#read(), waited += 10) {
      if (held.access !== refused && fresh(held)) return held;
      await sleep(10);
    }
    if (!held) throw nobody();
    if (held.access !== refused && fresh(held)) return held;
    let tokens;
    try {
      tokens = await this.#exchange.refresh(held.refresh);
    } catch (error) {
      return this.#afterFailure(held, refused, error);
    }
    const next = record(tokens);
    const now = await this.#read();
    // Signed out, or somebody else signed in, while we waited for the answer.
    if (now?.sid !== held.sid) throw nobody();
    // Another tab was faster, and has gone on since: our answer comes too late, and would bring back tokens that are used up.
    if (now.refresh !== held.refresh) return now;
    if (this.#over === held.sid) throw nobody();
    await this.#write(next);
    if ((this.#over as string | null) === held.sid) {
      await this.#place.storage.remove(this.#key);
      await this.#read();
      throw nobody();
    }
    if (this.#place.reach === "tab") this.#tell("refreshed", next, JSON.stringify(next));
    return next;
  }

  async #afterFailure(held: Record, refused: string | undefined, error: unknown): Promise<Record> {
    if (!(error instanceof LatchkeyError) || !OVER.has(error.code)) {
      // No answer is no sign-out, and the token may well be good for a little longer.
      if (held.access !== refused && held.accessUntil > Date.now()) return held;
      throw error;
    }
    const now = await this.#read();
    if (now?.sid === held.sid && now.refresh !== held.refresh) return now;
    if (now?.sid === held.sid) await this.#forget(held, "ended");
    throw nobody(error);
  }

  /** A session that was here before is over: nobody could use or see it any more. */
  async signIn(redeem: () => Promise<Schemas["SignedIn"]>): Promise<SignedIn> {
    const { user, tokens } = await redeem();
    const before = await this.#read();
    const next = record(tokens);
    await this.#write(next);
    this.#tell("signed-in", next);
    await this.#read();
    if (before && before.sid !== next.sid) void this.#exchange.revoke(before.refresh).catch(() => undefined);
    return { user, session: this.session ?? (session(next) as Session) };
  }

  async resume(): Promise<Session | null> {
    await this.ready;
    return this.session;
  }

  /** Forgets first and tells the service then: signing out must work without a network. */
  async signOut(): Promise<boolean> {
    const held = await this.#read();
    if (!held) return true;
    await this.#forget(held, "signed-out");
    return this.#exchange.revoke(held.refresh).then(
      () => true,
      () => false,
    );
  }

  close(): void {
    this.#watched.close();
  }

  async #forget(held: Record, change: SessionChange): Promise<void> {
    const { storage } = this.#place;
    this.#over = held.sid;
    await (change === "ended" ? storage.set(this.#key, ENDED) : storage.remove(this.#key));
    this.#tell(change, held, change === "ended" ? ENDED : null);
    await this.#read();
  }

  #read(): Promise<Record | null> {
    return this.#watched.read();
  }

  async #write(next: Record): Promise<void> {
    await this.#place.storage.set(this.#key, JSON.stringify(next));
  }

  /** Copies of this tab need what is stored now; all others can read it, or are not concerned. */
  #tell(change: Notice["change"], held: Record, value?: string | null): void {
    const copies = this.#place.reach === "tab" && value !== undefined;
    this.#tabs?.tell({ sid: held.sid, change, ...(copies && { value }) });
  }

  async #hear(notice: Notice): Promise<void> {
    const { storage, reach } = this.#place;
    if (notice.change === "signed-out" || notice.change === "ended") this.#over = notice.sid;
    if (reach === "tab") {
      // Another tab's sign-in is its own; what becomes of the session that we share with it is ours too.
      const held = parse(await storage.get(this.#key));
      if (held?.sid !== notice.sid || notice.value === undefined) return;
      if (!notice.value) await storage.remove(this.#key);
      else if ((parse(notice.value)?.taken ?? Infinity) > held.taken) await storage.set(this.#key, notice.value);
    }
    await this.#read();
  }
}
