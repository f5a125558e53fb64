import type { Channel, CodeSent } from "../latchkey.js";

/** A code that was asked for and not entered yet. */
export interface Pending {
  readonly identifier: string;
  readonly channel: Channel | undefined;
  readonly sent: CodeSent;
  /** When the answer came, by this machine's clock. */
  readonly at: number;
}

/**
 * Remembers it for this tab: phones throw a page away while its reader looks for the code in another app, and it must be at the
 * same place when they come back.
 */
export class Memory {
  readonly #key: string;

  constructor(base: string) {
    this.#key = `latchkey:${base}:pending`;
  }

  keep(pending: Pending): void {
    try {
      sessionStorage.setItem(this.#key, JSON.stringify(pending));
    } catch {
      // No storage here: then a page that is thrown away begins anew.
    }
  }

  forget(): void {
    try {
      sessionStorage.removeItem(this.#key);
    } catch {
      // Nothing was kept.
    }
  }

  /** With what is left of it by now; null if nothing is. */
  recall(now = Date.now()): Pending | null {
    try {
      const pending = JSON.parse(sessionStorage.getItem(this.#key) ?? "null") as Pending | null;
      if (!pending || now < pending.at || left(pending, pending.sent.expires_in, now) === 0) return null;
      return pending;
    } catch {
      return null;
    }
  }
}

/** What is left of a span that began with the answer, in seconds. */
export function left(pending: Pending, seconds: number, now = Date.now()): number {
  return Math.max(0, Math.ceil(seconds - (now - pending.at) / 1000));
}
