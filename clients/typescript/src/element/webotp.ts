interface OtpCredential {
  readonly code?: string;
}

/** Who waits now: a browser has one request for credentials at a time, and refuses a second one. */
let waiting: AbortController | null = null;

/**
 * The code of a text message that names this site, once the browser has it and the person agrees. Who asks last has the
 * request; one that still waits ends without a code.
 */
export async function codeFromText(signal: AbortSignal): Promise<string | null> {
  if (!("OTPCredential" in globalThis) || signal.aborted) return null;
  waiting?.abort();
  const mine = new AbortController();
  waiting = mine;
  const end = () => mine.abort();
  signal.addEventListener("abort", end);
  try {
    const wish = { otp: { transport: ["sms"] }, signal: mine.signal } as CredentialRequestOptions;
    const found = (await navigator.credentials.get(wish)) as unknown as OtpCredential | null;
    return found?.code ?? null;
  } catch {
    // Refused, aborted, or not allowed here: the person types it.
    return null;
  } finally {
    signal.removeEventListener("abort", end);
    if (waiting === mine) waiting = null;
  }
}
