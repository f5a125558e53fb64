import type { Schemas, Session } from "./types.js";
/** What may be known of a session wherever it is kept. */
export interface Known {
    readonly userId: string;
    readonly sid: string;
    /** When it ends unless it is used, in milliseconds of this machine's clock. */
    readonly until: number;
}
/** An access token, and whose. Moments are this machine's: the answer's seconds, counted from its arrival. */
export interface Access extends Known {
    readonly access: string;
    readonly taken: number;
    readonly accessUntil: number;
}
/** What is stored of a session where scripts keep the refresh token. */
export interface Record extends Access {
    readonly refresh: string;
}
/** The access token of an answer that has just arrived, without a refresh token should there be one. */
export declare function access(tokens: Schemas["Tokens"], now?: number): Access;
/** The record of tokens that have just arrived. */
export declare function record(tokens: Schemas["Tokens"], now?: number): Record;
/** Stored in place of a session that nobody here has signed out of, so that other tabs can say why it is gone. */
export declare const ENDED: string;
/** A stored record; null for none, or for what is not ours. */
export declare function parse(text: string | null): Record | null;
/** A stored object; null for none, or for what is no JSON. */
export declare function read<T>(text: string | null): Partial<T> | null;
/** Whether the access token is worth sending: some life left, and the clock was not set back since it came. */
export declare function fresh(held: Access, now?: number): boolean;
export declare function session(known: Known | null): Session | null;
