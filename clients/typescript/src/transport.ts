import createClient from "openapi-fetch";

import { refusal, silence } from "./answers.js";
import { LatchkeyError } from "./errors.js";
import type { paths } from "./schema.js";
import type { Api, LatchkeyOptions } from "./types.js";
import type { SessionKeeper } from "./watched.js";

/** The routes that take an access token. All others must never see one. */
const GUARDED = /^\/api\/(?:profile|analytics|auth\/sessions)\//;

/** The routes that set the session cookie or take it away, but for the two of tokens. */
const COOKIED = /^(?:POST \/api\/auth\/otp\/verify|DELETE \/api\/(?:auth\/sessions\/([^/]+)|profile))\/$/;
/** Asks for the session cookie. Another site's page can send no such request; the browser adds and takes the cookie. */
export const IN_COOKIE = { headers: { "X-Session-Cookie": "1" }, credentials: "include" } as const;

export type Send = (request: Request) => Promise<Response>;

/** `fetch`, with its failure as an error of ours. */
export function sender(own: LatchkeyOptions["fetch"]): Send {
  return async (request) => {
    try {
      return await (own ?? fetch)(request);
    } catch (error) {
      throw silence(error, request);
    }
  };
}

/**
 * Keeps the refresh token of a sign-in in the session cookie, and has that taken away with its session: `ended` is told which
 * one the person ended, or null for this one.
 */
export function cookied(base: string, send: Send, ended: (sid: string | null) => Promise<void>): Send {
  return async (request) => {
    const route = COOKIED.exec(`${request.method} ${request.url.slice(base.length)}`);
    if (!request.url.startsWith(base) || !route) return send(request);
    const { headers, credentials } = IN_COOKIE;
    for (const [name, value] of Object.entries(headers)) request.headers.set(name, value);
    const response = await send(new Request(request, { credentials }));
    if (request.method === "DELETE" && response.ok) await ended(route[1] ?? null);
    return response;
  };
}

/** Adds the access token, and tries once more with a fresh one where it was refused. */
export function guarded(base: string, send: Send, keeper: SessionKeeper): Send {
  return async (request) => {
    if (!request.url.startsWith(base) || !GUARDED.test(request.url.slice(base.length))) return send(request);
    const held = await keeper.fresh();
    // A body can be sent once; this one is for the second try.
    const again = request.clone();
    const response = await send(bearing(request, held.access));
    if (!(await isStale(response))) return response;
    const next = await keeper.fresh(held.access);
    // Somebody else has signed in meanwhile: this request was not theirs.
    if (next.sid !== held.sid) return response;
    return send(bearing(again, next.access));
  };
}

function bearing(request: Request, token: string): Request {
  request.headers.set("Authorization", `Bearer ${token}`);
  return request;
}

/** A refused token; other 401 (a wrong code, a sign-in that is too old) no fresh token would help. */
async function isStale(response: Response): Promise<boolean> {
  if (response.status !== 401) return false;
  const problem = (await response.clone().json().catch(() => null)) as { code?: string } | null;
  return problem?.code === "unauthenticated";
}

/** Every route of the document; what is not a success rejects. */
export function api(base: string, send: Send): Api {
  const client = createClient<paths>({ baseUrl: base, fetch: send });
  const call =
    (method: keyof Api) =>
    async (path: string, init?: object): Promise<{ data: unknown; response: Response }> => {
      const wire = client[method] as unknown as (
        path: string,
        init?: object,
      ) => Promise<{ data?: unknown; error?: unknown; response: Response }>;
      let answer;
      try {
        answer = await wire(path, init);
      } catch (error) {
        if (!(error instanceof SyntaxError)) throw error;
        const sentence = "The answer was no JSON. Is baseUrl right, and is this network not one that asks to sign in first?";
        throw new LatchkeyError("unexpected", sentence, { cause: error });
      }
      if (!answer.response.ok) throw refusal(answer.response, answer.error);
      return { data: answer.data, response: answer.response };
    };
  const calls = { GET: call("GET"), POST: call("POST"), PUT: call("PUT"), PATCH: call("PATCH"), DELETE: call("DELETE") };
  return calls as unknown as Api;
}
