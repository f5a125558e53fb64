import { type Send } from "./transport.js";
import type { Exchange } from "./watched.js";
/**
 * The token routes. A refresh whose answer got lost has used up its token; the service gives the same successor again, after ten
 * seconds to the same network and program alone. So it is tried again at once or not at all.
 */
export declare function exchange(base: string, send: Send): Exchange;
