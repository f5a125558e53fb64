import { type Record } from "./record.js";
import type { Place } from "./storage.js";
import type { Schemas, Session, SessionChange, SignedIn } from "./types.js";
import { type Exchange, type SessionKeeper } from "./watched.js";
/** Keeps a session whose refresh token is stored where scripts can read it. */
export declare class Keeper implements SessionKeeper {
    #private;
    readonly ready: Promise<void>;
    constructor(key: string, place: Place, exchange: Exchange);
    get session(): Session | null;
    subscribe(listener: (session: Session | null, change: SessionChange) => void): () => void;
    /** The record with an access token that has some life left, and is not the one that was refused. */
    fresh(refused?: string): Promise<Record>;
    /** A session that was here before is over: nobody could use or see it any more. */
    signIn(redeem: () => Promise<Schemas["SignedIn"]>): Promise<SignedIn>;
    resume(): Promise<Session | null>;
    /** Forgets first and tells the service then: signing out must work without a network. */
    signOut(): Promise<boolean>;
    close(): void;
}
