/** The bytes of unpadded base64url in its one spelling; null for anything else. */
export function bytes(text: string): Uint8Array<ArrayBuffer> | null {
  if (!/^[A-Za-z0-9_-]*$/.test(text) || text.length % 4 === 1) return null;
  const raw = atob(text.replaceAll("-", "+").replaceAll("_", "/"));
  // The last character may carry bits that no byte takes: another spelling of the same bytes.
  const again = btoa(raw).replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "");
  return again === text ? Uint8Array.from(raw, (char) => char.charCodeAt(0)) : null;
}

/** The JSON object that is written so; null for anything else. */
export function object(text: string): { readonly [name: string]: unknown } | null {
  const raw = bytes(text);
  if (!raw) return null;
  try {
    const value: unknown = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(raw));
    return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as { [name: string]: unknown }) : null;
  } catch {
    return null;
  }
}
