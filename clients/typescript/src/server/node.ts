import type { LatchkeyServer } from "../server.js";
import { MOST } from "./handlers.js";
import type { ServerSession } from "./session.js";

/** Node's `IncomingMessage`, as far as it is looked at; Express's `Request` is one. */
export interface NodeRequest extends AsyncIterable<unknown> {
  readonly method?: string | undefined;
  readonly url?: string | undefined;
  /** Express's, where the middleware is mounted below a path. */
  readonly originalUrl?: string;
  readonly headers: { readonly [name: string]: string | readonly string[] | undefined };
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
export function middleware(auth: LatchkeyServer): (request: NodeRequest & WithSession, response: NodeResponse, next: Next) => void {
  return (request, response, next) => {
    const work = async (): Promise<boolean> => {
      const url = new URL(request.originalUrl ?? request.url ?? "/", auth.origin);
      const headers = webHeaders(request);
      if (auth.handles(url)) {
        const method = request.method ?? "GET";
        const body = method === "GET" || method === "HEAD" ? null : await whole(request);
        await write(await auth.handle(new Request(url, { method, headers, body })), response);
        return true;
      }
      const session = await auth.session(headers);
      request.latchkey = session;
      if (session.setCookie.length > 0) {
        response.appendHeader("Set-Cookie", session.setCookie);
        response.setHeader("Cache-Control", "no-store");
      }
      return false;
    };
    work().then((isAnswered) => (isAnswered ? undefined : next()), next);
  };
}

function webHeaders({ headers }: NodeRequest): Headers {
  const own = new Headers();
  for (const [name, value] of Object.entries(headers)) {
    // HTTP/2 has names that begin with a colon, which are no headers.
    if (typeof value === "string" && !name.startsWith(":")) own.set(name, value);
  }
  return own;
}

/** The body, or so much of it that it is seen to be too large. */
async function whole(request: NodeRequest): Promise<Uint8Array<ArrayBuffer>> {
  if (request.body !== undefined) return new TextEncoder().encode(JSON.stringify(request.body));
  const parts: Uint8Array[] = [];
  let size = 0;
  for await (const part of request) {
    parts.push(part as Uint8Array);
    size += (part as Uint8Array).length;
    if (size > MOST) break;
  }
  const all = new Uint8Array(size);
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

async function write(from: Response, to: NodeResponse): Promise<void> {
  to.statusCode = from.status;
  for (const [name, value] of from.headers) if (name !== "set-cookie") to.setHeader(name, value);
  const cookies = from.headers.getSetCookie();
  if (cookies.length > 0) to.appendHeader("Set-Cookie", cookies);
  to.end(await from.text());
}
