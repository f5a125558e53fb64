interface OtpCredential {
  readonly code?: string;
}

/** The code of a text message that names this site, once the browser has it and the person agrees. */
export async function codeFromText(signal: AbortSignal): Promise<string | null> {
  if (!("OTPCredential" in globalThis)) return null;
  try {
    const wish = { otp: { transport: ["sms"] }, signal } as CredentialRequestOptions;
    const found = (await navigator.credentials.get(wish)) as unknown as OtpCredential | null;
    return found?.code ?? null;
  } catch {
    // Refused, aborted, or not allowed here: the person types it.
    return null;
  }
}
