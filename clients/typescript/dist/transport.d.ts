import type { Keeper } from "./keeper.js";
import type { Api, LatchkeyOptions } from "./types.js";
export type Send = (request: Request) => Promise<Response>;
/** `fetch`, with its failure as an error of ours. */
export declare function sender(own: LatchkeyOptions["fetch"]): Send;
/** Adds the access token, and tries once more with a fresh one where it was refused. */
export declare function guarded(base: string, send: Send, keeper: Keeper): Send;
/** Every route of the document; what is not a success rejects. */
export declare function api(base: string, send: Send): Api;
