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
export function silence(error: unknown, signal?: AbortSignal | null): unknown {
  if (error instanceof LatchkeyError) return error;
  if (signal?.aborted) return signal.reason;
  return new LatchkeyError("offline", "The service did not answer.", { cause: error });
}

function isProblem(body: unknown): body is Problem {
  return typeof body === "object" && body !== null && "code" in body && "detail" in body;
}
