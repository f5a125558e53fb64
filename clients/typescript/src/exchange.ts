import { refusal } from "./answers.js";
import { LatchkeyError } from "./errors.js";
import { IN_COOKIE, type Send } from "./transport.js";
import type { Schemas } from "./types.js";
import type { Exchange } from "./watched.js";

/** After how many milliseconds each try of a refresh is given up; with the pauses between, all end within `REFRESH_TAKES` of tabs.ts. */
const TRIES = [4_000, 2_500, 1_500];
/** The wait before another try, in milliseconds. */
const PAUSE = 300;
/** After this the revocation of a token is given up, in milliseconds. */
const REVOKE = 8_000;

/**
 * The token routes. A refresh whose answer got lost has used up its token; the service gives the same successor again, after ten
 * seconds to the same network and program alone. So it is tried again at once or not at all.
 */
export function exchange(base: string, send: Send): Exchange {
  const post = async (path: string, refresh: string | undefined, patience: number, init: RequestInit = {}) => {
    const timer = new AbortController();
    const timeout = setTimeout(() => timer.abort(new LatchkeyError("offline", "The service did not answer in time.")), patience);
    try {
      const token: RequestInit =
        refresh === undefined ? IN_COOKIE : { headers: { "Content-Type": "application/json" }, body: JSON.stringify({ refresh }) };
      const response = await send(new Request(base + path, { method: "POST", signal: timer.signal, ...token, ...init }));
      if (!response.ok) throw refusal(response, await response.json().catch(() => null));
      return response.status === 204 ? null : await response.json().catch(() => Promise.reject(cut(timer.signal)));
    } finally {
      clearTimeout(timeout);
    }
  };
  return {
    async refresh(token) {
      for (let n = 0; ; n += 1) {
        try {
          return (await post("/api/auth/token/refresh/", token, TRIES[n]!)) as Schemas["Tokens"];
        } catch (error) {
          if (!(error instanceof LatchkeyError) || !error.temporary || n === TRIES.length - 1) throw error;
          await new Promise((resolve) => setTimeout(resolve, PAUSE));
        }
      }
    },
    async revoke(token) {
      // The page may be on its way out.
      await post("/api/auth/token/revoke/", token, REVOKE, { keepalive: true });
    },
  };
}

function cut(signal: AbortSignal): unknown {
  return signal.aborted ? signal.reason : new LatchkeyError("offline", "The service's answer broke off.");
}
