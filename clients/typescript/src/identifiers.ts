/** One spelling for what the service takes for one address, near enough for keys: the service has the last word. */
export function canonical(identifier: string): string {
  const address = clean(identifier);
  return address.includes("@") ? address.toLowerCase() : address.replace(/[\s\p{Dash}.()]/gu, "");
}

/**
 * An address as people paste it, without what is invisible around it. In a phone number nothing invisible is left at all, and
 * its digits are ASCII: contacts apps wrap numbers in direction marks, and not every keyboard writes 0 to 9.
 */
export function clean(identifier: string): string {
  const seen = identifier.replace(/^[\s\p{Cf}\p{DI}]+|[\s\p{Cf}\p{DI}]+$/gu, "");
  const number = ascii(seen).replace(/[\p{Cf}\p{DI}]/gu, "");
  return isNumber(number) ? number : seen;
}

/** Whether somebody is typing a phone number. */
export function looksLikePhone(identifier: string): boolean {
  return isNumber(clean(identifier));
}

function isNumber(text: string): boolean {
  return /^[+(\d]/.test(text) && !/[@\p{L}]/u.test(text);
}

/** The digits of a code as people type and paste them: in any script, with blanks, hyphens and what is invisible. */
export function digits(code: string): string {
  return ascii(code).replace(/[\s\p{Cf}\p{DI}\p{Dash}]/gu, "");
}

/** Full-width characters and the digits of other scripts as the ASCII that they stand for. */
function ascii(text: string): string {
  return text.normalize("NFKC").replace(/\p{Nd}/gu, (digit) => {
    // Unicode keeps the digits of a script together, from zero on, and starts the next script's with a zero.
    const code = digit.codePointAt(0) as number;
    let zero = code;
    while (/\p{Nd}/u.test(String.fromCodePoint(zero - 1))) zero -= 1;
    return String((code - zero) % 10);
  });
}
