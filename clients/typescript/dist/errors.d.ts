import type { Problem, WrongField } from "./schemas.js";
/** The service's codes, and three of the client: no answer, an answer that is not the service's, a picture that did not show up. */
export type ErrorCode = Problem["code"] | "offline" | "unexpected" | "upload_unconfirmed";
interface Details {
    status?: number;
    fields?: readonly WrongField[];
    retryAfter?: number | null;
    requestId?: string | null;
    cause?: unknown;
}
/** Everything that goes wrong, so that an app can decide by `code` and show `message` to a developer. */
export declare class LatchkeyError extends Error {
    readonly name = "LatchkeyError";
    /** What went wrong, for programs. */
    readonly code: ErrorCode;
    /** The HTTP status; 0 where there was no answer. */
    readonly status: number;
    /** All wrong fields, with `invalid_request`. */
    readonly fields: readonly WrongField[];
    /** Whole seconds to wait before trying again, where the service said so. */
    readonly retryAfter: number | null;
    /** Names the request in the service's log. */
    readonly requestId: string | null;
    constructor(code: ErrorCode, message: string, details?: Details);
    /** True where the same call may work later without anybody doing anything. */
    get temporary(): boolean;
}
export {};
