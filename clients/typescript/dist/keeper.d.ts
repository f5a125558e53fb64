import { type Record } from "./record.js";
import type { Place } from "./storage.js";
import type { Schemas, Session, SessionChange } from "./types.js";
type Listener = (session: Session | null, change: SessionChange) => void;
/** Two calls of the service that the session itself needs. */
export interface Exchange {
    refresh(token: string): Promise<Schemas["Tokens"]>;
    revoke(token: string): Promise<void>;
}
/** Keeps the session: stored, fresh, and alike in all tabs. */
export declare class Keeper {
    #private;
    readonly ready: Promise<void>;
    constructor(key: string, place: Place, exchange: Exchange);
    get session(): Session | null;
    subscribe(listener: Listener): () => void;
    /** The record with an access token that has some life left, and is not the one that was refused. */
    fresh(refused?: string): Promise<Record>;
    /** Somebody has signed in. A session that was here before is over: nobody could use or see it any more. */
    begin(tokens: Schemas["Tokens"]): Promise<Session>;
    /** Forgets first and tells the service then: signing out must work without a network. */
    signOut(): Promise<boolean>;
    close(): void;
}
export {};
