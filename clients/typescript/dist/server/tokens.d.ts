import type { KeySet } from "./keys.js";
/** Who an access token says is signed in. */
export interface User {
    /** `usr_…` */
    readonly id: string;
    /** `ses_…`, as in `/api/auth/sessions/` */
    readonly sessionId: string;
    readonly roles: readonly string[];
    /** How they proved who they are, such as `["otp", "email"]`. */
    readonly amr: readonly string[];
    /** When they last proved it. */
    readonly authTime: Date | null;
}
export interface Verified {
    readonly user: User;
    /** When the token expires, in milliseconds. */
    readonly expires: number;
    readonly issued: number;
}
/** Checks access tokens as RFC 9068 and RFC 8725 ask, by the published keys. */
export declare class Verifier {
    #private;
    constructor(keys: KeySet, issuer: string, audience: string);
    /** Null for a token that is not the service's for this audience, or not any more. */
    verify(token: string): Promise<Verified | null>;
    /** Why a token that has just arrived was not accepted, for the developer who set this up. */
    complaint(token: string): string;
}
