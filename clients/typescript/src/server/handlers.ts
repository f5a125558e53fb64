import { LatchkeyError, type ErrorCode } from "../errors.js";
import type { Schemas } from "../schemas.js";
import type { Service } from "./service.js";
import type { Sessions, ServerSession } from "./session.js";

/** The most bytes of a body that is read; the service takes no more either. */
export const MOST = 16 * 1024;
/** Device tokens open nothing and do not expire; browsers keep a cookie for 400 days at the most. In seconds. */
const DEVICE_LIFE = 400 * 86_400;

type Handler = (request: Request) => Promise<Response>;

/** The app's own routes for signing in and out. */
export class Handlers {
  readonly #service: Service;
  readonly #sessions: Sessions;
  readonly #origin: string;
  readonly #path: string;
  readonly #routes: { readonly [route: string]: { readonly [method: string]: Handler } };

  constructor(service: Service, sessions: Sessions, origin: string, path: string) {
    this.#service = service;
    this.#sessions = sessions;
    this.#origin = origin;
    this.#path = path;
    this.#routes = {
      session: { GET: (request) => this.#whoIs(request) },
      code: { POST: (request) => this.#code(request) },
      verify: { POST: (request) => this.#verify(request) },
      "sign-out": { POST: (request) => this.#signOut(request) },
      "sign-out-everywhere": { POST: (request) => this.#signOutEverywhere(request) },
    };
  }

  /** Answers whatever is asked; never rejects. */
  async handle(request: Request): Promise<Response> {
    const { pathname } = new URL(request.url);
    const route = pathname.startsWith(`${this.#path}/`) ? pathname.slice(this.#path.length + 1).replace(/\/$/, "") : "";
    const methods = Object.hasOwn(this.#routes, route) ? this.#routes[route] : null;
    if (!methods) return problem(refused("not_found", 404, "There is no such route."));
    const handler = Object.hasOwn(methods, request.method) ? methods[request.method] : null;
    if (!handler) {
      const allowed = Object.keys(methods).join(", ");
      const response = problem(refused("method_not_allowed", 405, `Expected ${allowed}.`));
      response.headers.set("Allow", allowed);
      return response;
    }
    if (request.method !== "GET" && !this.isSameOrigin(request)) {
      return problem(refused("forbidden", 403, `Expected a request of a page of ${this.#origin}, as Origin or Sec-Fetch-Site say.`));
    }
    try {
      return await handler(request);
    } catch (error) {
      return problem(error);
    }
  }

  /** Whether a request that changes something comes from a page of the app itself. Browsers say so, by at least one header. */
  isSameOrigin({ headers }: Request): boolean {
    const origin = headers.get("Origin");
    const site = headers.get("Sec-Fetch-Site");
    if (origin === null && site === null) return false;
    return (origin ?? this.#origin) === this.#origin && (site ?? "same-origin") === "same-origin";
  }

  async #whoIs({ headers }: Request): Promise<Response> {
    const session = await this.#sessions.open(headers);
    return answer({ user: session.user }, session);
  }

  async #code(request: Request): Promise<Response> {
    const { identifier, channel, locale } = await fields(request);
    const key = request.headers.get("Idempotency-Key");
    const headers = { ...this.#caller(request), ...(key && { "Idempotency-Key": key }) };
    const { body } = await this.#service.call("POST", "/api/auth/otp/request/", { body: { identifier, channel, locale }, headers });
    return answer(body);
  }

  async #verify(request: Request): Promise<Response> {
    const { identifier, channel, code } = await fields(request);
    const wish = { body: { identifier, channel, otp_code: code }, headers: this.#caller(request) };
    const { body } = await this.#service.call("POST", "/api/auth/otp/verify/", wish);
    const { user, tokens, device_token } = body as Schemas["SignedIn"];
    const { cookies } = this.#sessions;
    const device = cookies.set(cookies.device, device_token, DEVICE_LIFE);
    const session = await this.#sessions.begin(request.headers, tokens, [device]);
    // Nobody could reach the one before any more; and one that somebody planted is worth nothing.
    await this.#sessions.end(request.headers);
    return answer({ user }, session);
  }

  async #signOut({ headers }: Request): Promise<Response> {
    const { session, told } = await this.#sessions.end(headers);
    return answer({ told }, session);
  }

  async #signOutEverywhere({ headers }: Request): Promise<Response> {
    const open = await this.#sessions.open(headers);
    const here = new Headers({ Cookie: open.cookie });
    try {
      if (!open.accessToken) throw refused("unauthenticated", 401, "Nobody is signed in here, or not any more.");
      // The others first: while that fails, this one can try again.
      await this.#service.call("DELETE", "/api/auth/sessions/", { headers: { Authorization: `Bearer ${open.accessToken}` } });
    } catch (error) {
      const response = problem(error);
      const isOver = error instanceof LatchkeyError && error.code === "unauthenticated";
      (isOver ? this.#sessions.closed(here) : open).apply(response.headers);
      return response;
    }
    const { session, told } = await this.#sessions.end(here);
    return answer({ told }, session);
  }

  /** What the service may know of the person's browser. Their address it cannot: it goes by the connection. */
  #caller({ headers }: Request): { [name: string]: string } {
    const { cookies } = this.#sessions;
    const agent = headers.get("User-Agent");
    const device = cookies.read(headers.get("Cookie"), cookies.device);
    return { ...(agent && { "User-Agent": agent }), ...(device && { "X-Device-Token": device }) };
  }
}

function refused(code: ErrorCode, status: number, sentence: string): LatchkeyError {
  return new LatchkeyError(code, sentence, { status });
}

/** The fields of a JSON body. What is in them is for the service to judge. */
async function fields(request: Request): Promise<{ [name: string]: unknown }> {
  // No form can send it, so no page of another origin can without asking first.
  if (!/^application\/json\s*(;|$)/i.test(request.headers.get("Content-Type") ?? "")) {
    throw refused("unsupported_media_type", 415, "Expected a body of the media type application/json.");
  }
  const text = await bounded(request.body);
  let value: unknown = null;
  try {
    value = JSON.parse(text);
  } catch {
    // Told below.
  }
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as { [name: string]: unknown };
  throw refused("malformed_request", 400, "Expected a JSON object.");
}

async function bounded(body: ReadableStream<Uint8Array> | null): Promise<string> {
  const reader = body?.getReader();
  const decoder = new TextDecoder();
  let text = "";
  let size = 0;
  for (let part = await reader?.read(); part && !part.done; part = await reader?.read()) {
    size += part.value.length;
    if (size > MOST) {
      await reader?.cancel();
      throw refused("payload_too_large", 413, `Expected a body of at most ${MOST} bytes.`);
    }
    text += decoder.decode(part.value, { stream: true });
  }
  return text + decoder.decode();
}

function answer(body: unknown, session?: ServerSession): Response {
  const response = Response.json(body, { headers: { "Cache-Control": "no-store" } });
  session?.apply(response.headers);
  return response;
}

function problem(error: unknown): Response {
  const known = error instanceof LatchkeyError ? error : new LatchkeyError("internal", "Something went wrong.", { status: 500 });
  const { code, message, fields: errors, retryAfter } = known;
  // Without an answer of the service, or with one that is not its own, this server can do nothing.
  const status = known.status >= 400 && code !== "unexpected" ? known.status : 503;
  const headers = new Headers({ "Content-Type": "application/problem+json", "Cache-Control": "no-store" });
  if (retryAfter !== null) headers.set("Retry-After", String(retryAfter));
  const body = { status, code, detail: message, ...(errors.length > 0 && { errors }), ...(retryAfter !== null && { retry_after: retryAfter }) };
  return new Response(JSON.stringify(body), { status, headers });
}
