import { refusal } from "../answers.js";
import { LatchkeyError } from "../errors.js";
import { exchange } from "../exchange.js";
import type { Schemas } from "../schemas.js";
import { sender, type Send } from "../transport.js";

/** After this a call is given up, in milliseconds. */
const PATIENCE = 8_000;

export interface Call {
  readonly body?: object;
  readonly headers?: { readonly [name: string]: string };
}

/** The service, called by a server. */
export class Service {
  readonly base: string;
  readonly #send: Send;

  constructor(base: string, own?: (request: Request) => Promise<Response>) {
    this.base = base;
    this.#send = sender(own);
  }

  /** Rejects with a `LatchkeyError` for everything that is not a success. */
  async call(method: string, path: string, { body, headers }: Call = {}): Promise<{ body: unknown; response: Response }> {
    const timer = new AbortController();
    const late = () => timer.abort(new LatchkeyError("offline", "The service did not answer in time."));
    const timeout = setTimeout(late, PATIENCE);
    try {
      const json = body && { "Content-Type": "application/json" };
      const init = { method, headers: { ...json, ...headers }, signal: timer.signal, ...(body && { body: JSON.stringify(body) }) };
      const response = await this.#send(new Request(this.base + path, init));
      const read: unknown = response.status === 204 ? null : await response.json().catch(() => null);
      if (!response.ok) throw refusal(response, read);
      return { body: read, response };
    } finally {
      clearTimeout(timeout);
    }
  }

  /** For `agent`, the program that the person uses. Tried again at once where an answer got lost. */
  refresh(token: string, agent: string | null): Promise<Schemas["Tokens"]> {
    return exchange(this.base, this.#as(agent)).refresh(token);
  }

  revoke(token: string, agent: string | null): Promise<void> {
    return exchange(this.base, this.#as(agent)).revoke(token);
  }

  #as(agent: string | null): Send {
    return (request) => {
      if (agent) request.headers.set("User-Agent", agent);
      return this.#send(request);
    };
  }
}
