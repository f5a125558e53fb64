import type { Exchange } from "./keeper.js";
import type { Send } from "./transport.js";
/**
 * The token routes. A refresh whose answer got lost has used up its token; the service gives the same successor again for
 * ten seconds, and takes a later use for theft. So it is tried again at once or not at all.
 */
export declare function exchange(base: string, send: Send): Exchange;
