import type { Schemas } from "../schemas.js";

/**
 * How long the outcome of a refresh is remembered, in milliseconds: requests that a browser sent at the same time carry the same
 * token, and the service takes it for ten seconds from anybody.
 */
const REMEMBERED = 10_000;
/** How long a sign-out is remembered, in milliseconds: access tokens end by themselves after it. */
const ACCESS_LIFE = 900_000;
/** More of either there are not in that time, in one process. */
const MOST = 10_000;

type Tokens = Schemas["Tokens"];

/** Values by their names, each for the same time, and at most so many: the oldest go first. */
class Recent<Value> {
  readonly #kept = new Map<string, { readonly value: Value; readonly until: number }>();
  readonly #life: number;

  constructor(life: number) {
    this.#life = life;
  }

  get(name: string, now = Date.now()): Value | undefined {
    for (const [oldest, { until }] of this.#kept) {
      // A clock that was set back must not keep them.
      if (now < until && until <= now + this.#life && this.#kept.size <= MOST) break;
      this.#kept.delete(oldest);
    }
    return this.#kept.get(name)?.value;
  }

  set(name: string, value: Value): void {
    this.#kept.delete(name);
    this.#kept.set(name, { value, until: Date.now() + this.#life });
  }

  delete(name: string): void {
    this.#kept.delete(name);
  }
}

/** What this process knows of sessions that are refreshed and ended at the moment. */
export class Flights {
  readonly #refreshes = new Recent<Promise<Tokens>>(REMEMBERED);
  readonly #over = new Recent<true>(ACCESS_LIFE);

  /** One for the whole process: frameworks put an app's modules into several bundles, each with a copy of this one. */
  static ofProcess(): Flights {
    const name = Symbol.for("latchkey-client/server: flights");
    const shared = globalThis as { [name]?: Flights };
    return (shared[name] ??= new Flights());
  }

  /** Works once for each token, however many requests carry it. A failure is not remembered: the next request may do better. */
  refresh(token: string, work: () => Promise<Tokens>): Promise<Tokens> {
    const running = this.#refreshes.get(token);
    if (running) return running;
    const tokens = work();
    this.#refreshes.set(token, tokens);
    tokens.catch(() => this.#refreshes.delete(token));
    return tokens;
  }

  /** A session was signed out of: requests that were on their way must not bring it back. */
  end(sid: string): void {
    this.#over.set(sid, true);
  }

  isOver(sid: string): boolean {
    return this.#over.get(sid) ?? false;
  }
}
