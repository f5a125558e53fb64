import { refusal } from "./answers.js";
import { LatchkeyError } from "./errors.js";
import type { Exchange } from "./keeper.js";
import type { Send } from "./transport.js";
import type { Schemas } from "./types.js";

/** Waits before the second and third try, in milliseconds. */
const PAUSES = [300, 1500];
/** After this a try is given up, in milliseconds. */
const TRY = 8_000;

/**
 * The token routes. A refresh whose answer got lost has used up its token; the service gives the same successor again for
 * ten seconds, and takes a later use for theft. So it is tried again at once or not at all.
 */
export function exchange(base: string, send: Send): Exchange {
  const post = async (path: string, refresh: string, init: RequestInit = {}) => {
    const timer = new AbortController();
    const timeout = setTimeout(() => timer.abort(new LatchkeyError("offline", "The service did not answer in time.")), TRY);
    try {
      const headers = { "Content-Type": "application/json" };
      const body = JSON.stringify({ refresh });
      const response = await send(new Request(base + path, { method: "POST", headers, body, signal: timer.signal, ...init }));
      if (!response.ok) throw refusal(response, await response.json().catch(() => null));
      return response.status === 204 ? null : await response.json().catch(() => Promise.reject(cut(timer.signal)));
    } finally {
      clearTimeout(timeout);
    }
  };
  return {
    async refresh(token) {
      for (const pause of PAUSES) {
        try {
          return (await post("/api/auth/token/refresh/", token)) as Schemas["Tokens"];
        } catch (error) {
          if (!(error instanceof LatchkeyError) || !error.temporary) throw error;
          await new Promise((resolve) => setTimeout(resolve, pause));
        }
      }
      return (await post("/api/auth/token/refresh/", token)) as Schemas["Tokens"];
    },
    async revoke(token) {
      // The page may be on its way out.
      await post("/api/auth/token/revoke/", token, { keepalive: true });
    },
  };
}

function cut(signal: AbortSignal): unknown {
  return signal.aborted ? signal.reason : new LatchkeyError("offline", "The service's answer broke off.");
}
