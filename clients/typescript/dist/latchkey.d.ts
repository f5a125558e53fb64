import type { Latchkey, LatchkeyOptions } from "./types.js";
export { countdown } from "./countdown.js";
export { LatchkeyError, type ErrorCode } from "./errors.js";
export { digits, looksLikePhone } from "./identifiers.js";
export type * from "./types.js";
/** A client of one Latchkey service. One for each page is enough; two share the session all the same. */
export declare function createLatchkey(options: LatchkeyOptions): Latchkey;
