import type { Schemas, Session } from "./types.js";

/** What is stored of a session. Moments are this machine's: the answer's seconds, counted from its arrival. */
export interface Record {
  readonly access: string;
  readonly refresh: string;
  readonly userId: string;
  readonly sid: string;
  readonly taken: number;
  readonly accessUntil: number;
  readonly until: number;
}

/** The record of tokens that have just arrived. */
export function record(tokens: Schemas["Tokens"], now = Date.now()): Record {
  const { access, refresh } = tokens;
  // It is missing only where it travels in a cookie, which nobody here asks for.
  if (!refresh) throw new TypeError("the answer has no refresh token");
  const { sub, sid } = claims(access);
  return {
    access,
    refresh,
    userId: sub,
    sid,
    taken: now,
    accessUntil: now + tokens.expires_in * 1000,
    until: now + tokens.refresh_expires_in * 1000,
  };
}

/** The names in an access token. Nothing is decided by them here, so the signature is not checked. */
function claims(access: string): { sub: string; sid: string } {
  const body = access.split(".")[1] ?? "";
  const text = atob(body.replaceAll("-", "+").replaceAll("_", "/"));
  return JSON.parse(text) as { sub: string; sid: string };
}

/** Stored in place of a session that nobody here has signed out of, so that other tabs can say why it is gone. */
export const ENDED = JSON.stringify({ gone: "ended" });

/** A stored record; null for none, or for what is not ours. */
export function parse(text: string | null): Record | null {
  if (text === null) return null;
  try {
    const found = JSON.parse(text) as Partial<Record> | null;
    return found?.access && found.refresh && found.sid ? (found as Record) : null;
  } catch {
    return null;
  }
}

/** Whether its access token is worth sending: some life left, and the clock was not set back since it came. */
export function fresh(held: Record, now = Date.now()): boolean {
  const life = held.accessUntil - held.taken;
  return now >= held.taken && now < held.accessUntil - Math.min(30_000, life / 5);
}

export function session(held: Record | null): Session | null {
  return held && { userId: held.userId, sid: held.sid, expires: new Date(held.until) };
}
