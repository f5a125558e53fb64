import { type Access } from "./record.js";
import type { Place } from "./storage.js";
import type { Schemas, Session, SessionChange, SignedIn } from "./types.js";
import { type Exchange, type SessionKeeper } from "./watched.js";
/**
 * Keeps a session whose refresh token is in a cookie that no script reads. The access token stays in memory: tabs hand it to
 * each other, and a page that has none asks for one. Whatever changes the cookie is done by one tab at a time.
 */
export declare class CookieKeeper implements SessionKeeper {
    #private;
    readonly ready: Promise<void>;
    constructor(key: string, place: Place, exchange: Exchange);
    get session(): Session | null;
    subscribe(listener: (session: Session | null, change: SessionChange) => void): () => void;
    fresh(refused?: string): Promise<Access>;
    /** The service ends the session that the cookie had before. */
    signIn(redeem: () => Promise<Schemas["SignedIn"]>): Promise<SignedIn>;
    resume(): Promise<Session | null>;
    /** Forgets first and tells the service then. Until the service has answered, the cookie is there and is not used. */
    signOut(): Promise<boolean>;
    /** The person has ended a session, or asked to be erased, which ends this one: the service has taken the cookie then. */
    ended(sid: string | null): Promise<void>;
    close(): void;
}
