import { type Channel } from "../latchkey.js";
import type { View, Situation } from "./view.js";
export interface Asked {
    readonly identifier: string;
    readonly channel: Channel | undefined;
}
/** The first step: where to send the code. */
export declare function ask(at: Situation, prefill: string, onAsk: (asked: Asked) => Promise<void>): View;
