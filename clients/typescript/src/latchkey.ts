import { uploadAvatar } from "./avatar.js";
import { Codes } from "./codes.js";
import { countdown } from "./countdown.js";
import { Deliveries } from "./deliveries.js";
import { Devices } from "./devices.js";
import { exchange } from "./exchange.js";
import { Keeper } from "./keeper.js";
import { places } from "./storage.js";
import { api, guarded, sender } from "./transport.js";
import type { Latchkey, LatchkeyOptions } from "./types.js";

export { countdown } from "./countdown.js";
export { LatchkeyError, type ErrorCode } from "./errors.js";
export { digits, looksLikePhone } from "./identifiers.js";
export type * from "./types.js";

/** A client of one Latchkey service. One for each page is enough; two share the session all the same. */
export function createLatchkey(options: LatchkeyOptions): Latchkey {
  const base = address(options.baseUrl);
  const name = `latchkey:${base}`;
  const { session, devices } = places(options.storage);
  const send = sender(options.fetch);
  const keeper = new Keeper(name, session, exchange(base, send));
  const routes = api(base, guarded(base, send, keeper));
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
    async verifyCode(proof) {
      const { user, tokens } = await codes.verify(proof);
      return { user, session: await keeper.begin(tokens) };
    },
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

/** The service's address without a slash at its end; on a page it may be relative. */
function address(baseUrl: string): string {
  try {
    return new URL(baseUrl || "/", globalThis.location?.href).href.replace(/\/+$/, "");
  } catch (cause) {
    throw new TypeError(`baseUrl is ${JSON.stringify(baseUrl)}; expected a URL like https://auth.example.com`, { cause });
  }
}
