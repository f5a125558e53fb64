import type { Channel, CodeSent } from "../latchkey.js";
/** A code that was asked for and not entered yet. */
export interface Pending {
    readonly identifier: string;
    readonly channel: Channel | undefined;
    readonly sent: CodeSent;
    /** When the answer came, by this machine's clock. */
    readonly at: number;
}
/**
 * Remembers it for this tab: phones throw a page away while its reader looks for the code in another app, and it must be at the
 * same place when they come back.
 */
export declare class Memory {
    #private;
    constructor(base: string);
    keep(pending: Pending): void;
    forget(): void;
    /** With what is left of it by now; null if nothing is. */
    recall(now?: number): Pending | null;
}
/** What is left of a span that began with the answer, in seconds. */
export declare function left(pending: Pending, seconds: number, now?: number): number;
