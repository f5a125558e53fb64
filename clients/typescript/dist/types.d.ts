import type { MaybeOptionalInit } from "openapi-fetch";
import type { HttpMethod, PathsWithMethod, RequiredKeysOf, ResponseObjectMap, SuccessResponse } from "openapi-typescript-helpers";
import type { paths } from "./schema.js";
import type { CodeSent, Delivery, Picture, Profile, Schemas, SignedInUser } from "./schemas.js";
export type * from "./schemas.js";
/** Where a code may travel; `sms` and `phone` are the same. */
export type Channel = NonNullable<Schemas["CodeRequest"]["channel"]>;
/** Where the client keeps strings. The functions may answer at once or by a promise. */
export interface KeyValueStorage {
    get(key: string): string | null | Promise<string | null>;
    set(key: string, value: string): void | Promise<void>;
    remove(key: string): void | Promise<void>;
}
export interface LatchkeyOptions {
    /** The service's address, like `https://auth.example.com`; in a browser it may be `/` or left empty for the page's own. */
    baseUrl: string;
    /**
     * Where the session is kept: `cookie` in a cookie of the service that no script reads, for pages of the same site; `local`
     * survives a restart and is shared by all tabs, `session` ends with the tab, `memory` with the page. Any script that runs on
     * your origin can read the latter three; see README. Default: `local` in a browser, `memory` elsewhere.
     */
    storage?: "cookie" | "local" | "session" | "memory" | KeyValueStorage;
    /** Instead of the global `fetch`. */
    fetch?: (request: Request) => Promise<Response>;
    /** Sent as `source_url` with codes: which of your sites somebody came from. Left out where the service refuses it. */
    sourceUrl?: string;
    /** Sent as `locale` with codes: a new user's language, and the language of messages. Left out where the service refuses it. */
    locale?: string;
}
/** Who is signed in here. */
export interface Session {
    /** `usr_…` */
    userId: string;
    /** `ses_…`, as in `/api/auth/sessions/` */
    sid: string;
    /** When it ends unless it is used, by this machine's clock. */
    expires: Date;
}
/** Why `onSessionChange` was called: `ended` is what nobody here asked for (revoked elsewhere, expired, account erased). */
export type SessionChange = "signed-in" | "signed-out" | "ended";
export interface CodeWish {
    identifier: string;
    channel?: Channel;
    /** Instead of the client's. */
    locale?: string;
    signal?: AbortSignal;
}
export interface CodeProof {
    identifier: string;
    /** As typed: blanks, hyphens and invisible characters are dropped, digits of other scripts are taken. */
    code: string;
    channel?: Channel;
    signal?: AbortSignal;
}
export interface SignedIn {
    user: SignedInUser;
    session: Session;
}
type Success<Operation, Init> = Init extends {
    parseAs: "blob";
} ? Blob : Init extends {
    parseAs: "text";
} ? string : Operation extends Record<string | number, unknown> ? SuccessResponse<ResponseObjectMap<Operation>> : never;
type Arguments<Init> = RequiredKeysOf<Init> extends never ? [init?: Init] : [init: Init];
/** One method of the API: resolves with the answer, rejects with a `LatchkeyError`. */
export type Call<Method extends HttpMethod> = <Path extends PathsWithMethod<paths, Method>, Init extends MaybeOptionalInit<paths[Path], Method>>(path: Path, ...init: Arguments<Init>) => Promise<{
    data: Success<paths[Path][Method & keyof paths[Path]], Init>;
    response: Response;
}>;
/** Every route of the service, typed by its document. */
export interface Api {
    GET: Call<"get">;
    POST: Call<"post">;
    PUT: Call<"put">;
    PATCH: Call<"patch">;
    DELETE: Call<"delete">;
}
export interface Latchkey {
    /**
     * Every route, typed. Adds the access token where a route takes one, refreshes it in time, and tries once more after a 401
     * for a stale one. Rejects with a `LatchkeyError` for everything that is not a success.
     */
    readonly api: Api;
    /** Resolves once a session that was stored is known; at once with storage that answers at once. */
    readonly ready: Promise<void>;
    /** Who is signed in, or null. */
    readonly session: Session | null;
    /** Calls back when somebody signs in or out, here or in another tab. Returns what ends that. */
    onSessionChange(listener: (session: Session | null, change: SessionChange) => void): () => void;
    /**
     * Who is signed in, confirmed: with storage `cookie` it asks the service unless this page has a token that lives, since
     * somebody may have signed in or out at another origin of the same site. With others it answers at once.
     */
    resume(): Promise<Session | null>;
    /**
     * Sends a code. Calls for the same address and channel within the answer's `resend_in` are one wish: they answer alike and
     * send one message, and so do repetitions after a failure. Later ones are a resend.
     */
    requestCode(wish: CodeWish): Promise<CodeSent>;
    /** Redeems a code and keeps the session, in place of one that was there. Serves a step-up as well. */
    verifyCode(proof: CodeProof): Promise<SignedIn>;
    /** Sends a code to an address that is to become the signed-in person's. */
    requestAddress(wish: Omit<CodeWish, "locale">): Promise<CodeSent>;
    /** Proves that address. */
    verifyAddress(proof: CodeProof): Promise<Profile>;
    /** What became of a message. */
    deliveryStatus(id: string, signal?: AbortSignal): Promise<Delivery>;
    /**
     * Calls back with each new state of a message until the last one, more and more seldom. Resolves with the last state that
     * was seen, also when aborted; rejects only for an id that the service does not know.
     */
    watchDelivery(id: string, onStatus: (delivery: Delivery) => void, signal?: AbortSignal): Promise<Delivery | null>;
    /** Calls back with the whole seconds that are left, at once, each second and at 0. Returns what ends it. */
    countdown(seconds: number, onTick: (left: number) => void, signal?: AbortSignal): () => void;
    /** An access token with some life left, for your own services. Rejects with `unauthenticated` when nobody is signed in. */
    accessToken(): Promise<string>;
    /**
     * Forgets the session here and in other tabs, and ends it at the service. False where the service could not be told; with
     * storage `cookie` it is told by the next page that is opened, and the cookie is not used before.
     */
    signOut(): Promise<boolean>;
    /** Sets the signed-in person's picture: through the API up to 4 MiB, beyond that straight to the bucket (20 MiB). */
    uploadAvatar(picture: Blob, signal?: AbortSignal): Promise<Picture>;
    /** Stops listening to other tabs. The stored session stays. */
    close(): void;
}
