/** One spelling for what the service takes for one address, near enough for keys: the service has the last word. */
export function canonical(identifier: string): string {
  const trimmed = identifier.trim();
  return trimmed.includes("@") ? trimmed.toLowerCase() : trimmed.replace(/[\s().-]/g, "");
}

/** Whether somebody is typing a phone number. */
export function looksLikePhone(identifier: string): boolean {
  const trimmed = identifier.trim();
  return /^[+(\d]/.test(trimmed) && !/[@a-z]/i.test(trimmed);
}

/** The digits of a code as people paste them: with blanks, hyphens, or from a full-width keyboard. */
export function digits(code: string): string {
  return code.normalize("NFKC").replace(/[\s\u00ad\u200b-\u200f\u2010-\u2015-]/g, "");
}
