import { canonical } from "./identifiers.js";
import type { KeyValueStorage } from "./types.js";

/**
 * Device tokens, one for each address that signed in here. They outlive sign-out: they are what keeps a person from being held
 * up by strangers who guess at the same address.
 */
export class Devices {
  readonly #prefix: string;
  readonly #storage: KeyValueStorage;

  constructor(prefix: string, storage: KeyValueStorage) {
    this.#prefix = prefix;
    this.#storage = storage;
  }

  async header(identifier: string): Promise<{ [name: string]: string }> {
    const token = await this.#storage.get(this.#key(identifier));
    return token ? { "X-Device-Token": token } : {};
  }

  async keep(identifier: string, token: string): Promise<void> {
    await this.#storage.set(this.#key(identifier), token);
  }

  /** A fingerprint for the key, so that the storage of a shared computer is no list of addresses. */
  #key(identifier: string): string {
    let hash = 0x811c9dc5;
    for (const byte of new TextEncoder().encode(canonical(identifier))) {
      hash = Math.imul(hash ^ byte, 0x01000193);
    }
    return `${this.#prefix}:device:${(hash >>> 0).toString(16).padStart(8, "0")}`;
  }
}
