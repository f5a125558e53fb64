import type { Schemas, Session } from "./types.js";
/** What is stored of a session. Moments are this machine's: the answer's seconds, counted from its arrival. */
export interface Record {
    readonly access: string;
    readonly refresh: string;
    readonly userId: string;
    readonly sid: string;
    readonly taken: number;
    readonly accessUntil: number;
    readonly until: number;
}
/** The record of tokens that have just arrived. */
export declare function record(tokens: Schemas["Tokens"], now?: number): Record;
/** Stored in place of a session that nobody here has signed out of, so that other tabs can say why it is gone. */
export declare const ENDED: string;
/** A stored record; null for none, or for what is not ours. */
export declare function parse(text: string | null): Record | null;
/** Whether its access token is worth sending: some life left, and the clock was not set back since it came. */
export declare function fresh(held: Record, now?: number): boolean;
export declare function session(held: Record | null): Session | null;
