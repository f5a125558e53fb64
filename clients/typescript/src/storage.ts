import type { KeyValueStorage, LatchkeyOptions } from "./types.js";

/** Who else sees what is stored: every tab, copies of this tab, or nobody. */
export type Reach = "shared" | "tab" | "page";

export interface Place {
  readonly storage: KeyValueStorage;
  readonly reach: Reach;
}

/** Where the session is kept, and where device tokens are: these are to survive the session. */
export function places(choice: LatchkeyOptions["storage"]): { session: Place; devices: KeyValueStorage } {
  const local = web("localStorage");
  if (typeof choice === "object") {
    return { session: { storage: choice, reach: "shared" }, devices: choice };
  }
  const devices = local ?? memory();
  const kind = choice ?? (local ? "local" : "memory");
  const session = kind === "session" ? web("sessionStorage") : kind === "memory" ? null : local;
  if (!session) return { session: { storage: memory(), reach: "page" }, devices };
  return { session: { storage: session, reach: kind === "session" ? "tab" : "shared" }, devices };
}

/** Takes what an app stored under the key before it kept its sessions by cookie. */
export function former(key: string): string[] {
  const found = [web("localStorage"), web("sessionStorage")].map((storage) => {
    const text = storage?.get(key) as string | null | undefined;
    if (text) void storage?.remove(key);
    return text;
  });
  return found.filter((text) => typeof text === "string");
}

/** The browser's storage, or null where there is none or it is forbidden (private windows, blocked cookies). */
function web(name: "localStorage" | "sessionStorage"): KeyValueStorage | null {
  // Node has a localStorage of its own, which warns and is no browser's.
  if (typeof window === "undefined") return null;
  try {
    const storage = window[name];
    const probe = "latchkey:probe";
    storage.setItem(probe, probe);
    storage.removeItem(probe);
    return sturdy({
      get: (key) => storage.getItem(key),
      set: (key, value) => storage.setItem(key, value),
      remove: (key) => storage.removeItem(key),
    });
  } catch {
    return null;
  }
}

/** What the work gives, or null where the storage refuses it. */
function quietly<T>(work: () => T): T | null {
  try {
    return work();
  } catch {
    return null;
  }
}

/**
 * A storage that is full, or that the browser refuses from some moment on, must not cost a session whose code is used up: what
 * it does not take lives as long as this page. What it held before goes, so that no other tab goes on with used-up tokens.
 */
export function sturdy(storage: KeyValueStorage): KeyValueStorage {
  const held = new Map<string, string>();
  const put = (key: string, value: string) => {
    try {
      storage.set(key, value);
      return true;
    } catch {
      return false;
    }
  };
  return {
    get: (key) => held.get(key) ?? quietly(() => storage.get(key)),
    set: (key, value) => {
      held.delete(key);
      if (put(key, value)) return;
      quietly(() => storage.remove(key));
      if (!put(key, value)) held.set(key, value);
    },
    remove: (key) => {
      held.delete(key);
      quietly(() => storage.remove(key));
    },
  };
}

function memory(): KeyValueStorage {
  const held = new Map<string, string>();
  return {
    get: (key) => held.get(key) ?? null,
    set: (key, value) => void held.set(key, value),
    remove: (key) => void held.delete(key),
  };
}
