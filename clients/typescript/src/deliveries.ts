import { LatchkeyError } from "./errors.js";
import type { Api, Delivery } from "./types.js";

/** Nothing that a person waits for comes after these. */
const LAST: ReadonlySet<Delivery["status"]> = new Set(["delivered", "failed", "bounced", "complained", "read"]);
const FIRST_PAUSE = 1_000;
const LONGEST_PAUSE = 15_000;
/** A message that is not there by then is not waited for: its code is over. */
const LONGEST_WATCH = 10 * 60_000;

export class Deliveries {
  readonly #api: Api;

  constructor(api: Api) {
    this.#api = api;
  }

  async status(id: string, signal?: AbortSignal): Promise<Delivery> {
    const params = { path: { delivery_id: id } };
    const path = "/api/auth/otp/deliveries/{delivery_id}/";
    return (await this.#api.GET(path, { params, ...(signal && { signal }) })).data;
  }

  async watch(id: string, onStatus: (delivery: Delivery) => void, signal?: AbortSignal): Promise<Delivery | null> {
    const end = Date.now() + LONGEST_WATCH;
    let seen: Delivery | null = null;
    for (let pause = FIRST_PAUSE; Date.now() < end && !signal?.aborted; pause = Math.min(pause * 1.5, LONGEST_PAUSE)) {
      let wait = pause;
      try {
        const now = await this.status(id, signal);
        const changed = now.status !== seen?.status;
        seen = now;
        if (changed && !signal?.aborted) onStatus(now);
        if (LAST.has(now.status)) return now;
      } catch (error) {
        if (signal?.aborted) return seen;
        if (!(error instanceof LatchkeyError) || !error.temporary) throw error;
        wait = Math.max(pause, (error.retryAfter ?? 0) * 1000);
      }
      await sleep(wait, signal);
    }
    return seen;
  }
}

/** Resolves after the time, or when aborted. */
export function sleep(milliseconds: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer);
      signal?.removeEventListener("abort", done);
      resolve();
    };
    const timer = setTimeout(done, milliseconds);
    signal?.addEventListener("abort", done);
  });
}
