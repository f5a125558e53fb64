import { LatchkeyError } from "../errors.js";
import type { Schemas } from "../schemas.js";
import { Cookies } from "./cookies.js";
import { Flights } from "./flights.js";
import type { Service } from "./service.js";
import type { User, Verified, Verifier } from "./tokens.js";

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

/** The tokens that a request brings. */
interface Pair {
  readonly refresh: string;
  readonly access: string;
}

interface Found {
  readonly pair: Pair;
  readonly verified: Verified;
}

/** Reads and renews the sessions that browsers bring in their cookies. */
export class Sessions {
  readonly cookies: Cookies;
  readonly #service: Service;
  readonly #verifier: Verifier;
  readonly #flights = Flights.ofProcess();

  constructor(service: Service, verifier: Verifier, cookies: Cookies) {
    this.#service = service;
    this.#verifier = verifier;
    this.cookies = cookies;
  }

  /** By the access token in the cookie alone: nothing is renewed. */
  async read(headers: HeadersLike): Promise<ServerSession> {
    const found = await this.#verified(this.#pair(headers));
    return this.#session(headers, found && found.verified.expires > Date.now() ? found : null, []);
  }

  /** Renews an access token that is nearly over. */
  async open(headers: HeadersLike): Promise<ServerSession> {
    const pair = this.#pair(headers);
    if (!pair) return this.#session(headers, null, []);
    const found = await this.#verified(pair);
    if (found && this.#flights.isOver(found.verified.user.sessionId)) return this.closed(headers);
    if (found && isFresh(found.verified)) return this.#session(headers, found, []);
    let tokens;
    try {
      tokens = await this.#flights.refresh(pair.refresh, () => this.#service.refresh(pair.refresh, headers.get("User-Agent")));
    } catch (error) {
      const is = error instanceof LatchkeyError ? error.code : null;
      // The service's own word that the token is none, or none any more. No answer is no sign-out.
      if (is === "refresh_invalid" || is === "invalid_request") return this.closed(headers);
      if (found && found.verified.expires > Date.now()) return this.#session(headers, found, []);
      throw error;
    }
    return this.begin(headers, tokens);
  }

  /** With tokens that the service has just given. */
  async begin(headers: HeadersLike, tokens: Schemas["Tokens"], more: readonly string[] = []): Promise<ServerSession> {
    const { access, refresh } = tokens;
    const found = refresh ? await this.#verified({ access, refresh }) : null;
    if (!found) throw new LatchkeyError("unexpected", this.#verifier.complaint(access));
    if (this.#flights.isOver(found.verified.user.sessionId)) return this.closed(headers);
    const cookie = this.cookies.set(this.cookies.session, written(found.pair), tokens.refresh_expires_in);
    return this.#session(headers, found, [cookie, ...more]);
  }

  /** Ends the session at the service, if there is one, and takes the cookie away. False where the service could not be told. */
  async end(headers: HeadersLike): Promise<{ session: ServerSession; told: boolean }> {
    const pair = this.#pair(headers);
    const found = await this.#verified(pair).catch(() => null);
    if (found) this.#flights.end(found.verified.user.sessionId);
    const told = !pair || (await this.#service.revoke(pair.refresh, headers.get("User-Agent")).then(() => true, () => false));
    return { session: this.closed(headers), told };
  }

  #pair(headers: HeadersLike): Pair | null {
    const value = this.cookies.read(headers.get("Cookie"), this.cookies.session);
    const dot = value?.indexOf(".") ?? -1;
    return value && dot > 0 ? { refresh: value.slice(0, dot), access: value.slice(dot + 1) } : null;
  }

  async #verified(pair: Pair | null): Promise<Found | null> {
    const verified = pair && (await this.#verifier.verify(pair.access));
    return verified && { pair, verified };
  }

  /** Takes the cookie away. */
  closed(headers: HeadersLike): ServerSession {
    return this.#session(headers, null, [this.cookies.set(this.cookies.session, null)]);
  }

  #session(headers: HeadersLike, found: Found | null, setCookie: readonly string[]): ServerSession {
    const sent = headers.get("Cookie");
    const value = found && written(found.pair);
    return {
      user: found?.verified.user ?? null,
      accessToken: found?.pair.access ?? null,
      setCookie,
      cookie: setCookie.length > 0 ? this.cookies.replace(sent, this.cookies.session, value) : (sent ?? ""),
      apply(target) {
        for (const one of setCookie) target.append("Set-Cookie", one);
        if (setCookie.length > 0) target.set("Cache-Control", "no-store");
      },
    };
  }
}

const written = ({ refresh, access }: Pair): string => `${refresh}.${access}`;

/** Whether the access token is worth using: what is asked for with it takes its time. */
function isFresh({ issued, expires }: Verified, now = Date.now()): boolean {
  return now < expires - Math.min(30_000, (expires - issued) / 5);
}
