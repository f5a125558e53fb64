import { uploadAvatar } from "./avatar.js";
import { Codes } from "./codes.js";
import { CookieKeeper } from "./cookie.js";
import { countdown } from "./countdown.js";
import { Deliveries } from "./deliveries.js";
import { Devices } from "./devices.js";
import { exchange } from "./exchange.js";
import { Keeper } from "./keeper.js";
import { parse } from "./record.js";
import { former, places, type Place } from "./storage.js";
import { api, cookied, guarded, sender } from "./transport.js";
import type { Latchkey, LatchkeyOptions } from "./types.js";
import type { Exchange } from "./watched.js";

export { countdown } from "./countdown.js";
export { LatchkeyError, type ErrorCode } from "./errors.js";
export { digits, looksLikePhone } from "./identifiers.js";
export type * from "./types.js";

/** A client of one Latchkey service. One for each page is enough; two share the session all the same. */
export function createLatchkey(options: LatchkeyOptions): Latchkey {
  const base = address(options.baseUrl);
  const name = `latchkey:${base}`;
  const send = sender(options.fetch);
  const { session: place, devices } = places(options.storage);
  const tokens = exchange(base, send);
  const keeper = options.storage === "cookie" ? byCookie(name, place, tokens) : new Keeper(name, place, tokens);
  const sent = keeper instanceof CookieKeeper ? cookied(base, send, (sid) => keeper.ended(sid)) : send;
  const routes = api(base, guarded(base, sent, keeper));
  const { sourceUrl, locale } = options;
  const codes = new Codes(routes, new Devices(name, devices), { sourceUrl, locale });
  const deliveries = new Deliveries(routes);
  return {
    api: routes,
    ready: keeper.ready,
    get session() {
      return keeper.session;
    },
    onSessionChange: (listener) => keeper.subscribe(listener),
    requestCode: (wish) => codes.request(wish, "sign-in"),
    resume: () => keeper.resume(),
    verifyCode: (proof) => codes.verify(proof, keeper),
    requestAddress: (wish) => codes.request(wish, "address"),
    verifyAddress: (proof) => codes.verifyAddress(proof),
    deliveryStatus: (id, signal) => deliveries.status(id, signal),
    watchDelivery: (id, onStatus, signal) => deliveries.watch(id, onStatus, signal),
    countdown,
    accessToken: async () => (await keeper.fresh()).access,
    signOut: () => keeper.signOut(),
    uploadAvatar: (picture, signal) => uploadAvatar(routes, send, picture, signal),
    close: () => keeper.close(),
  };
}

/** Keeps the session by cookie, and ends those whose tokens the app stored before. */
function byCookie(name: string, place: Place, tokens: Exchange): CookieKeeper {
  for (const text of former(name)) {
    const refresh = parse(text)?.refresh;
    if (refresh) void tokens.revoke(refresh).catch(() => undefined);
  }
  return new CookieKeeper(`${name}:cookie`, place, tokens);
}

/** The service's address without a slash at its end; on a page it may be relative. */
function address(baseUrl: string): string {
  try {
    return new URL(baseUrl || "/", globalThis.location?.href).href.replace(/\/+$/, "");
  } catch (cause) {
    throw new TypeError(`baseUrl is ${JSON.stringify(baseUrl)}; expected a URL like https://auth.example.com`, { cause });
  }
}
