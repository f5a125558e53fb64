import { LatchkeyError } from "./errors.js";
import type { Problem } from "./types.js";

/** The error that a refusal means. */
export function refusal(response: Response, body: unknown): LatchkeyError {
  const requestId = response.headers.get("X-Request-Id");
  const seconds = Number.parseInt(response.headers.get("Retry-After") ?? "", 10);
  const retryAfter = Number.isNaN(seconds) ? null : seconds;
  if (!isProblem(body)) {
    const sentence = `The answer was ${response.status}, and not in the service's form. Is baseUrl right?`;
    return new LatchkeyError("unexpected", sentence, { status: response.status, retryAfter, requestId });
  }
  return new LatchkeyError(body.code, body.detail, {
    status: response.status,
    fields: body.errors ?? [],
    retryAfter: body.retry_after ?? retryAfter,
    requestId: requestId ?? body.instance,
  });
}

/** The error that a failed `fetch` means. What the caller aborted stays an abortion. */
export function silence(error: unknown, { url, signal }: Request): unknown {
  if (error instanceof LatchkeyError) return error;
  if (signal.aborted) return signal.reason;
  const page = globalThis.location?.origin;
  // To a page that is not let through, the browser says no more than that it failed.
  const orRefused = page && new URL(url).origin !== page ? `, or this page's origin, ${page}, is not in its CORS_ORIGINS` : "";
  return new LatchkeyError("offline", `The service did not answer${orRefused}.`, { cause: error });
}

function isProblem(body: unknown): body is Problem {
  return typeof body === "object" && body !== null && "code" in body && "detail" in body;
}
