import type { LatchkeyServer } from "../server.js";
import type { ServerSession } from "./session.js";
/** Node's `IncomingMessage`, as far as it is looked at; Express's `Request` is one. */
export interface NodeRequest extends AsyncIterable<unknown> {
    readonly method?: string | undefined;
    readonly url?: string | undefined;
    /** Express's, where the middleware is mounted below a path. */
    readonly originalUrl?: string;
    readonly headers: {
        readonly [name: string]: string | readonly string[] | undefined;
    };
    /** Of a body parser that was there first. */
    readonly body?: unknown;
}
/** Node's `ServerResponse`, as far as it is used. */
export interface NodeResponse {
    statusCode: number;
    appendHeader(name: string, value: string | readonly string[]): unknown;
    setHeader(name: string, value: string): unknown;
    end(body?: string): unknown;
}
/** Where `middleware` leaves who sent a request. */
export interface WithSession {
    latchkey?: ServerSession;
}
type Next = (error?: unknown) => void;
/**
 * For Express and others with Node's own requests: answers the app's routes for signing in and out, and leaves on every other
 * request, as `request.latchkey`, who sent it.
 */
export declare function middleware(auth: LatchkeyServer): (request: NodeRequest & WithSession, response: NodeResponse, next: Next) => void;
export {};
