import { LatchkeyError } from "./errors.js";
/** The error that a refusal means. */
export declare function refusal(response: Response, body: unknown): LatchkeyError;
/** The error that a failed `fetch` means. What the caller aborted stays an abortion. */
export declare function silence(error: unknown, { url, signal }: Request): unknown;
