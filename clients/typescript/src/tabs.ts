import type { SessionChange } from "./types.js";

/** What a tab tells the others about a session. */
export interface Notice {
  readonly sid: string;
  readonly change: SessionChange | "refreshed";
  /** The stored text, for copies of a tab, whose storage is a copy too; the access token, where it is stored nowhere. */
  readonly value?: string | null;
}

/**
 * The longest that a refresh takes with all its tries, in milliseconds: less than the ten seconds for which the service gives the
 * same successor to everybody, so that no try of ours can be taken for a theft.
 */
export const REFRESH_TAKES = 9_000;
/** How long a tab waits for another one's refresh before it goes on without: longer than one can take. */
const PATIENCE = REFRESH_TAKES + 500;
/** How late another tab's writing may be seen; longer where we know that there was one. */
export const LAG = 50;
const LAG_AFTER_WAIT = 500;

/** The other tabs of the same browser. */
export class Tabs {
  readonly #name: string;
  #listening: BroadcastChannel | null = null;

  constructor(name: string) {
    this.#name = name;
  }

  listen(onNotice: (notice: Notice) => void): void {
    if (this.#listening || typeof BroadcastChannel === "undefined") return;
    this.#listening = new BroadcastChannel(this.#name);
    this.#listening.addEventListener("message", (event) => onNotice((event as MessageEvent<Notice>).data));
    // In Node a channel would keep the process alive.
    (this.#listening as { unref?: () => void }).unref?.();
  }

  /** A channel for one notice: a page that never listens holds nothing open. */
  tell(notice: Notice): void {
    if (typeof BroadcastChannel === "undefined") return;
    const channel = new BroadcastChannel(this.#name);
    channel.postMessage(notice);
    channel.close();
  }

  /**
   * Runs the work while no other tab runs such work, where the browser can do that. Tells it how long, in milliseconds, what
   * another tab has just stored or told may take to be seen here: browsers bring it over later than they pass on the lock.
   * It is `lag` where nobody had the lock.
   */
  async alone<T>(work: (lag: number) => Promise<T>, lag = LAG): Promise<T> {
    const locks = typeof navigator === "undefined" ? undefined : navigator.locks;
    if (!locks) return work(0);
    const atOnce = await locks.request(this.#name, { ifAvailable: true }, async (lock) => lock && { done: await work(lag) });
    if (atOnce) return atOnce.done;
    const patience = new AbortController();
    const timer = setTimeout(() => patience.abort(), PATIENCE);
    try {
      return await locks.request(this.#name, { signal: patience.signal }, () => {
        clearTimeout(timer);
        return work(LAG_AFTER_WAIT);
      });
    } catch (error) {
      // Another tab holds the lock and does not get on. Without the lock it is still right: the service answers
      // two refreshes within its grace alike.
      if (patience.signal.aborted) return await work(0);
      throw error;
    } finally {
      clearTimeout(timer);
    }
  }

  close(): void {
    this.#listening?.close();
    this.#listening = null;
  }
}
