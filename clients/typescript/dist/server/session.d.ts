import type { Schemas } from "../schemas.js";
import { Cookies } from "./cookies.js";
import type { Service } from "./service.js";
import type { User, Verifier } from "./tokens.js";
/** What a framework hands over of a request's headers. */
export interface HeadersLike {
    get(name: string): string | null;
}
/** Who sent a request, and what the answer must say to the browser. */
export interface ServerSession {
    /** Null where nobody is signed in. */
    readonly user: User | null;
    /** For calls of the service, and of services that check its tokens. Not for the browser. */
    readonly accessToken: string | null;
    /** Values of `Set-Cookie` for the answer; empty where the browser has what it needs. */
    readonly setCookie: readonly string[];
    /** The header `Cookie` of the request as it is once the browser has taken those. */
    readonly cookie: string;
    /** Puts `setCookie` on an answer's headers, and keeps that answer out of caches. */
    apply(headers: Headers): void;
}
/** Reads and renews the sessions that browsers bring in their cookies. */
export declare class Sessions {
    #private;
    readonly cookies: Cookies;
    constructor(service: Service, verifier: Verifier, cookies: Cookies);
    /** By the access token in the cookie alone: nothing is renewed. */
    read(headers: HeadersLike): Promise<ServerSession>;
    /** Renews an access token that is nearly over. */
    open(headers: HeadersLike): Promise<ServerSession>;
    /** With tokens that the service has just given. */
    begin(headers: HeadersLike, tokens: Schemas["Tokens"], more?: readonly string[]): Promise<ServerSession>;
    /** Ends the session at the service, if there is one, and takes the cookie away. False where the service could not be told. */
    end(headers: HeadersLike): Promise<{
        session: ServerSession;
        told: boolean;
    }>;
    /** Takes the cookie away. */
    closed(headers: HeadersLike): ServerSession;
}
