import { LatchkeyError } from "./errors.js";
import { type Access, type Known } from "./record.js";
import type { Tabs } from "./tabs.js";
import type { KeyValueStorage, Schemas, Session, SessionChange, SignedIn } from "./types.js";
type Listener = (session: Session | null, change: SessionChange) => void;
/** Two calls of the service that the session itself needs. Without a token they go by the session cookie. */
export interface Exchange {
    refresh(token?: string): Promise<Schemas["Tokens"]>;
    revoke(token?: string): Promise<void>;
}
/** Keeps a session: fresh, and alike in all tabs. */
export interface SessionKeeper {
    /** Resolves once a stored session is known. */
    readonly ready: Promise<void>;
    readonly session: Session | null;
    subscribe(listener: Listener): () => void;
    /** An access token with some life left that is not the one that was refused. */
    fresh(refused?: string): Promise<Access>;
    /** Redeems a code, and keeps the session in place of one that was here. */
    signIn(redeem: () => Promise<Schemas["SignedIn"]>): Promise<SignedIn>;
    resume(): Promise<Session | null>;
    signOut(): Promise<boolean>;
    close(): void;
}
/** What is stored of a session, and everybody who wants to know of a change. */
export declare class Watched<Stored extends Known> {
    #private;
    constructor(key: string, storage: KeyValueStorage, tabs: Tabs | null, parse: (text: string | null) => Stored | null);
    get session(): Session | null;
    subscribe(listener: Listener): () => void;
    /** Knows what was stored when the page began, which is no change. */
    begin(text: string | null): void;
    read(): Promise<Stored | null>;
    /** Takes in what is stored, and calls the listeners where that is another session: the one way to all of them. */
    notice(text: string | null): Stored | null;
    close(): void;
}
export declare function nobody(cause?: unknown): LatchkeyError;
export {};
