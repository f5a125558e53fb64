import { LatchkeyError } from "./errors.js";
import type { Profile } from "./schemas.js";
import { Cookies } from "./server/cookies.js";
import { Handlers } from "./server/handlers.js";
import { KeySet } from "./server/keys.js";
import { Service } from "./server/service.js";
import { Sessions, type HeadersLike, type ServerSession } from "./server/session.js";
import { Verifier } from "./server/tokens.js";

export { LatchkeyError, type ErrorCode } from "./errors.js";
export { middleware, type NodeRequest, type NodeResponse, type WithSession } from "./server/node.js";
export type { HeadersLike, ServerSession } from "./server/session.js";
export type { User } from "./server/tokens.js";

export interface ServerOptions {
  /** The service's address, as this server reaches it, like `https://auth.example.com`. */
  baseUrl: string;
  /** The app's own origin, as browsers see it, like `https://app.example.com`; `http` on loopback alone. */
  origin: string;
  /** Below which path `handle` answers. Default: `/auth`. */
  path?: string;
  /** What access tokens must say of who made them: the service's `PUBLIC_URL`. Default: `baseUrl`. */
  issuer?: string;
  /** What access tokens must say of whom they are for: the service's `TOKEN_AUDIENCE`. Default: the issuer. */
  audience?: string;
  /** Instead of the global `fetch`. */
  fetch?: (request: Request) => Promise<Response>;
}

/** Sessions of an app with a server of its own. */
export interface LatchkeyServer {
  readonly origin: string;

  /**
   * Who sent a request. Renews the access token where it is nearly over: then the answer must carry what the session's `apply`
   * puts on it. Rejects with a `LatchkeyError` where the token is over and the service does not answer.
   */
  session(headers: HeadersLike): Promise<ServerSession>;
  /** The same where no cookie can be set, as in a server component: nothing is renewed, and a token that is over is nobody's. */
  read(headers: HeadersLike): Promise<ServerSession>;
  /** Whether the session still stands at the service: an access token alone is good for up to 15 minutes after its end. */
  isActive(session: ServerSession): Promise<boolean>;
  /** The person's profile, from the service. Rejects with `unauthenticated` where nobody is signed in. */
  profile(session: ServerSession): Promise<Profile>;

  /** Whether the URL is one of the routes that `handle` answers. */
  handles(url: URL): boolean;
  /**
   * Answers below `path`: `GET session`; `POST code`, `verify`, `sign-out`, `sign-out-everywhere`, for pages of `origin` only.
   * Never rejects.
   */
  handle(request: Request): Promise<Response>;
  /** Whether a request that changes something comes from a page of `origin`: for the app's own routes. */
  isSameOrigin(request: Request): boolean;
}

/** Sessions of one app at one Latchkey service, by a cookie of the app's own. */
export function createLatchkeyServer(options: ServerOptions): LatchkeyServer {
  const base = parsed("baseUrl", options.baseUrl).href.replace(/\/+$/, "");
  const own = parsed("origin", options.origin);
  const path = `/${(options.path ?? "/auth").replace(/^\/+|\/+$/g, "")}`;
  if (own.protocol !== "https:" && !isLoopback(own.hostname)) {
    throw new TypeError(`origin is ${JSON.stringify(options.origin)}; expected https, since anybody on the way could take the session over http`);
  }
  const service = new Service(base, options.fetch);
  const issuer = options.issuer ?? base;
  const verifier = new Verifier(new KeySet(service), issuer, options.audience ?? issuer);
  const sessions = new Sessions(service, verifier, new Cookies(own));
  const handlers = new Handlers(service, sessions, own.origin, path);
  return {
    origin: own.origin,
    session: (headers) => sessions.open(headers),
    read: (headers) => sessions.read(headers),
    async isActive({ accessToken: token }) {
      if (!token) return false;
      const { body } = await service.call("POST", "/api/auth/token/verify/", { body: { token } });
      return (body as { active?: unknown } | null)?.active === true;
    },
    async profile({ accessToken }) {
      if (!accessToken) throw new LatchkeyError("unauthenticated", "Nobody is signed in here, or not any more.", { status: 401 });
      return (await service.call("GET", "/api/profile/", { headers: { Authorization: `Bearer ${accessToken}` } })).body as Profile;
    },
    handles: ({ pathname }) => `${pathname}/`.startsWith(`${path}/`),
    handle: (request) => handlers.handle(request),
    isSameOrigin: (request) => handlers.isSameOrigin(request),
  };
}

function parsed(name: string, text: string): URL {
  try {
    const url = new URL(text);
    if (url.protocol === "https:" || url.protocol === "http:") return url;
  } catch {
    // Told below.
  }
  throw new TypeError(`${name} is ${JSON.stringify(text)}; expected a URL like https://app.example.com`);
}

function isLoopback(host: string): boolean {
  return host === "localhost" || host.endsWith(".localhost") || /^127\.\d+\.\d+\.\d+$/.test(host) || host === "[::1]";
}
