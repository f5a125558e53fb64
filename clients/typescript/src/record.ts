import type { Schemas, Session } from "./types.js";

/** What may be known of a session wherever it is kept. */
export interface Known {
  readonly userId: string;
  readonly sid: string;
  /** When it ends unless it is used, in milliseconds of this machine's clock. */
  readonly until: number;
}

/** An access token, and whose. Moments are this machine's: the answer's seconds, counted from its arrival. */
export interface Access extends Known {
  readonly access: string;
  readonly taken: number;
  readonly accessUntil: number;
}

/** What is stored of a session where scripts keep the refresh token. */
export interface Record extends Access {
  readonly refresh: string;
}

/** The access token of an answer that has just arrived, without a refresh token should there be one. */
export function access(tokens: Schemas["Tokens"], now = Date.now()): Access {
  const { sub, sid } = claims(tokens.access);
  return {
    access: tokens.access,
    userId: sub,
    sid,
    taken: now,
    accessUntil: now + tokens.expires_in * 1000,
    until: now + tokens.refresh_expires_in * 1000,
  };
}

/** The record of tokens that have just arrived. */
export function record(tokens: Schemas["Tokens"], now = Date.now()): Record {
  const { refresh } = tokens;
  // It is missing only where it travels in a cookie, which nobody here asks for.
  if (!refresh) throw new TypeError("the answer has no refresh token");
  return { ...access(tokens, now), refresh };
}

/** The names in an access token. Nothing is decided by them here, so the signature is not checked. */
function claims(token: string): { sub: string; sid: string } {
  const body = token.split(".")[1] ?? "";
  const text = atob(body.replaceAll("-", "+").replaceAll("_", "/"));
  return JSON.parse(text) as { sub: string; sid: string };
}

/** Stored in place of a session that nobody here has signed out of, so that other tabs can say why it is gone. */
export const ENDED = JSON.stringify({ gone: "ended" });

/** A stored record; null for none, or for what is not ours. */
export function parse(text: string | null): Record | null {
  const found = read<Record>(text);
  return found?.access && found.refresh && found.sid ? (found as Record) : null;
}

/** A stored object; null for none, or for what is no JSON. */
export function read<T>(text: string | null): Partial<T> | null {
  if (text === null) return null;
  try {
    return JSON.parse(text) as Partial<T> | null;
  } catch {
    return null;
  }
}

/** Whether the access token is worth sending: some life left, and the clock was not set back since it came. */
export function fresh(held: Access, now = Date.now()): boolean {
  const life = held.accessUntil - held.taken;
  return now >= held.taken && now < held.accessUntil - Math.min(30_000, life / 5);
}

export function session(known: Known | null): Session | null {
  return known && { userId: known.userId, sid: known.sid, expires: new Date(known.until) };
}
