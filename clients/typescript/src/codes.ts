import type { Devices } from "./devices.js";
import { LatchkeyError } from "./errors.js";
import { canonical, clean, digits } from "./identifiers.js";
import type { Api, CodeProof, CodeSent, CodeWish, Profile, Schemas, SignedIn } from "./types.js";
import type { SessionKeeper } from "./watched.js";

/** One wish for a code: all calls that are the same wish carry the same key. */
interface Wish {
  readonly key: string;
  /** Until when a call is the same wish; open until there is an answer. */
  until: number;
  sending: Promise<CodeSent> | null;
}

interface Defaults {
  readonly sourceUrl: string | undefined;
  readonly locale: string | undefined;
}

type Purpose = "sign-in" | "address";

interface Options {
  readonly headers: { [name: string]: string };
  readonly signal?: AbortSignal;
}

/** Asks for codes and redeems them. */
export class Codes {
  readonly #api: Api;
  readonly #devices: Devices;
  readonly #defaults: Defaults;
  readonly #wishes = new Map<string, Wish>();
  readonly #proofs = new Map<string, Promise<unknown>>();

  constructor(api: Api, devices: Devices, defaults: Defaults) {
    this.#api = api;
    this.#devices = devices;
    this.#defaults = defaults;
  }

  request(wish: CodeWish, purpose: Purpose): Promise<CodeSent> {
    const slot = `${purpose} ${canonical(wish.identifier)} ${way(wish)}`;
    let open = this.#wishes.get(slot);
    if (open?.sending) return open.sending;
    if (!open || Date.now() >= open.until) {
      open = { key: random(), until: Infinity, sending: null };
      this.#wishes.set(slot, open);
    }
    const asked = open;
    asked.sending = this.#send(wish, purpose, asked.key)
      .then((sent) => {
        asked.until = Date.now() + sent.resend_in * 1000;
        return sent;
      })
      .finally(() => (asked.sending = null));
    return asked.sending;
  }

  async #send({ identifier, channel, locale, signal }: CodeWish, purpose: Purpose, key: string): Promise<CodeSent> {
    const headers = { "Idempotency-Key": key, ...(await this.#devices.header(identifier)) };
    const to = { identifier: clean(identifier), ...(channel && { channel }) };
    const options = { headers, ...(signal && { signal }) };
    if (purpose === "address") {
      return (await this.#api.POST("/api/profile/identifiers/", { body: to, ...options })).data;
    }
    const language = locale ?? this.#defaults.locale;
    return withoutRefused({ ...this.#source(), ...(language && { locale: language }) }, async (ornaments) => {
      return (await this.#api.POST("/api/auth/otp/request/", { body: { ...to, ...ornaments }, ...options })).data;
    });
  }

  verify(proof: CodeProof, keeper: SessionKeeper): Promise<SignedIn> {
    return this.#once("sign-in", proof, (body, options) =>
      keeper.signIn(async () => {
        const data = await withoutRefused(this.#source(), async (source) => {
          return (await this.#api.POST("/api/auth/otp/verify/", { body: { ...body, ...source }, ...options })).data;
        });
        await this.#devices.keep(proof.identifier, data.device_token);
        return data;
      }),
    );
  }

  verifyAddress(proof: CodeProof): Promise<Profile> {
    return this.#once("address", proof, async (body, options) => {
      return (await this.#api.POST("/api/profile/identifiers/verify/", { body, ...options })).data;
    });
  }

  /** A code works once, so a double click must be one call. */
  #once<T>(
    purpose: Purpose,
    { identifier, code, channel, signal }: CodeProof,
    work: (body: Schemas["AddressProof"], options: Options) => Promise<T>,
  ): Promise<T> {
    const otp_code = digits(code);
    const slot = `${purpose} ${canonical(identifier)} ${otp_code}`;
    const running = this.#proofs.get(slot) as Promise<T> | undefined;
    if (running) return running;
    const run = async () => {
      const headers = await this.#devices.header(identifier);
      const done = await work({ identifier: clean(identifier), otp_code, ...(channel && { channel }) }, { headers, ...(signal && { signal }) });
      this.#forget(purpose, identifier);
      return done;
    };
    const proof = run().finally(() => this.#proofs.delete(slot));
    this.#proofs.set(slot, proof);
    return proof;
  }

  /** The code is used: the next call is a new wish. */
  #forget(purpose: Purpose, identifier: string): void {
    const start = `${purpose} ${canonical(identifier)} `;
    for (const slot of this.#wishes.keys()) if (slot.startsWith(start)) this.#wishes.delete(slot);
  }

  #source(): { source_url?: string } {
    return this.#defaults.sourceUrl ? { source_url: this.#defaults.sourceUrl } : {};
  }
}

/** What says more about a sign-in, and must not stop one. */
interface Ornaments {
  readonly locale?: string;
  readonly source_url?: string;
}

/** Sends again without those ornaments that the service refuses. */
async function withoutRefused<T>(ornaments: Ornaments, send: (ornaments: Ornaments) => Promise<T>): Promise<T> {
  try {
    return await send(ornaments);
  } catch (error) {
    const wrong = error instanceof LatchkeyError ? error.fields.map(({ pointer }) => pointer) : [];
    const all = Object.entries(ornaments);
    const taken = all.filter(([name]) => !wrong.includes(`/${name}`));
    if (taken.length === all.length) throw error;
    return send(Object.fromEntries(taken));
  }
}

/** The channel that the service takes this for. */
function way({ identifier, channel }: CodeWish): string {
  if (channel) return channel === "sms" ? "phone" : channel;
  return identifier.includes("@") ? "email" : "phone";
}

/** `randomUUID` is missing on pages without TLS, such as a phone that tries a machine in the same room. */
function random(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
