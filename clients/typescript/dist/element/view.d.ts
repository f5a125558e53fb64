import type { Channel, Latchkey } from "../latchkey.js";
import type { Words } from "./words.js";
/** What the element shows at a time. */
export interface View {
    readonly node: HTMLElement;
    focus(): void;
}
/** What a view knows. */
export interface Situation {
    readonly client: Latchkey;
    readonly words: Words;
    readonly channels: readonly Channel[];
    readonly digits: number;
    /** Somebody who is signed in is to prove it again. */
    readonly again: boolean;
    /** Aborted when another view takes over. */
    readonly signal: AbortSignal;
    /** Tells the app of an error. */
    report(error: unknown): void;
}
