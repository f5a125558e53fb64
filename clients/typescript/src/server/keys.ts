import { LatchkeyError } from "../errors.js";
import type { Service } from "./service.js";

/**
 * How long a key set is kept where its answer does not say, and the bounds for what it says, in milliseconds. The longest is also how
 * much longer it is kept while the service is down.
 */
const KEPT = 3_600_000;
const SHORTEST = 60_000;
const LONGEST = 24 * 3_600_000;
/** A key that is not in the set is looked for no more often than this, in milliseconds; nor is a service asked that is down. */
const PAUSE = 60_000;
/** More keys than a ring ever publishes. */
const MOST = 32;

const ALGORITHMS = {
  RS256: { name: "RSASSA-PKCS1-v1_5", hash: "SHA-256" },
  ES256: { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" },
} as const;

export type Algorithm = keyof typeof ALGORITHMS;

interface Key {
  readonly key: CryptoKey;
  readonly algorithm: Algorithm;
}

/** The service's published keys, kept as long as their answer says. */
export class KeySet {
  readonly #service: Service;
  #keys: ReadonlyMap<string, Key> = new Map();
  #until = 0;
  #asked = -Infinity;
  #asking: Promise<void> | null = null;

  constructor(service: Service) {
    this.#service = service;
  }

  /**
   * Whether the key of that name made the signature. False for a name that is not published.
   *
   * Rejects with a `LatchkeyError` while there are no keys at all, because the service does not answer.
   */
  async verify(kid: string, algorithm: string, signature: Uint8Array<ArrayBuffer>, data: Uint8Array<ArrayBuffer>): Promise<boolean> {
    const now = Date.now();
    const age = now - this.#asked;
    if (now >= this.#until + LONGEST) this.#keys = new Map();
    // A clock that was set back must not keep the keys for ever.
    if (now >= this.#until || age < 0) await this.#fetch(this.#keys.size === 0 || age < 0 || age >= PAUSE);
    else if (!this.#keys.has(kid)) await this.#fetch(age >= PAUSE);
    const found = this.#keys.get(kid);
    if (!found || found.algorithm !== algorithm) return false;
    return crypto.subtle.verify(ALGORITHMS[found.algorithm], found.key, signature, data);
  }

  async #fetch(isDue: boolean): Promise<void> {
    if (!isDue && !this.#asking) return;
    this.#asking ??= this.#read().finally(() => (this.#asking = null));
    try {
      await this.#asking;
    } catch (error) {
      // Keys that were good an hour ago are better than nobody signed in.
      if (this.#keys.size === 0) throw error;
    }
  }

  async #read(): Promise<void> {
    this.#asked = Date.now();
    const { body, response } = await this.#service.call("GET", "/.well-known/jwks.json");
    const listed = (body as { keys?: unknown } | null)?.keys;
    if (!Array.isArray(listed)) throw new LatchkeyError("unexpected", "The service's key set is none. Is baseUrl right?");
    const keys = await Promise.all(listed.slice(0, MOST).map(imported));
    this.#keys = new Map(keys.filter((key) => key !== null));
    const said = /max-age=(\d+)/.exec(response.headers.get("Cache-Control") ?? "")?.[1];
    const kept = said ? Math.min(Math.max(Number(said) * 1000, SHORTEST), LONGEST) : KEPT;
    this.#until = Date.now() + kept;
  }
}

/** A published key by its name; null for one that signs no access tokens that we read. */
async function imported(jwk: JsonWebKey & { kid?: string }): Promise<[string, Key] | null> {
  const { kid, alg, use } = jwk ?? {};
  if (typeof kid !== "string" || (use ?? "sig") !== "sig" || !alg || !Object.hasOwn(ALGORITHMS, alg)) return null;
  const algorithm = alg as Algorithm;
  try {
    return [kid, { key: await crypto.subtle.importKey("jwk", jwk, ALGORITHMS[algorithm], false, ["verify"]), algorithm }];
  } catch {
    return null;
  }
}
