import type { Api, LatchkeyOptions } from "./types.js";
import type { SessionKeeper } from "./watched.js";
/** Asks for the session cookie. Another site's page can send no such request; the browser adds and takes the cookie. */
export declare const IN_COOKIE: {
    readonly headers: {
        readonly "X-Session-Cookie": "1";
    };
    readonly credentials: "include";
};
export type Send = (request: Request) => Promise<Response>;
/** `fetch`, with its failure as an error of ours. */
export declare function sender(own: LatchkeyOptions["fetch"]): Send;
/**
 * Keeps the refresh token of a sign-in in the session cookie, and has that taken away with its session: `ended` is told which
 * one the person ended, or null for this one.
 */
export declare function cookied(base: string, send: Send, ended: (sid: string | null) => Promise<void>): Send;
/** Adds the access token, and tries once more with a fresh one where it was refused. */
export declare function guarded(base: string, send: Send, keeper: SessionKeeper): Send;
/** Every route of the document; what is not a success rejects. */
export declare function api(base: string, send: Send): Api;
