import { bytes, object } from "./base64url.js";
import type { KeySet } from "./keys.js";

/** How far the clocks may be apart, in seconds. */
const LEEWAY = 60;
/** The longest life of an access token, in seconds. */
const LONGEST_LIFE = 900;
const LONGEST_TOKEN = 4096;

/** Who an access token says is signed in. */
export interface User {
  /** `usr_…` */
  readonly id: string;
  /** `ses_…`, as in `/api/auth/sessions/` */
  readonly sessionId: string;
  readonly roles: readonly string[];
  /** How they proved who they are, such as `["otp", "email"]`. */
  readonly amr: readonly string[];
  /** When they last proved it. */
  readonly authTime: Date | null;
}

export interface Verified {
  readonly user: User;
  /** When the token expires, in milliseconds. */
  readonly expires: number;
  readonly issued: number;
}

/** Checks access tokens as RFC 9068 and RFC 8725 ask, by the published keys. */
export class Verifier {
  readonly #keys: KeySet;
  readonly #issuer: string;
  readonly #audience: string;

  constructor(keys: KeySet, issuer: string, audience: string) {
    this.#keys = keys;
    this.#issuer = issuer;
    this.#audience = audience;
  }

  /** Null for a token that is not the service's for this audience, or not any more. */
  async verify(token: string): Promise<Verified | null> {
    const [head, body, signature, ...more] = token.length <= LONGEST_TOKEN ? token.split(".") : [];
    if (!head || !body || !signature || more.length > 0) return null;
    const header = object(head);
    const claims = object(body);
    const mac = bytes(signature);
    if (!header || !claims || !mac || !isHeader(header)) return null;
    const checked = this.#read(claims);
    if (!checked) return null;
    const signed = new TextEncoder().encode(`${head}.${body}`);
    return (await this.#keys.verify(header.kid, header.alg, mac, signed)) ? checked : null;
  }

  /** Why a token that has just arrived was not accepted, for the developer who set this up. */
  complaint(token: string): string {
    const { iss, aud } = object(token.split(".")[1] ?? "") ?? {};
    const said = `its issuer is ${JSON.stringify(iss)} and its audience ${JSON.stringify(aud)}`;
    const expected = `expected ${JSON.stringify(this.#issuer)} and ${JSON.stringify(this.#audience)}`;
    return `The service's access token was not accepted: ${said}; ${expected}, a published key, and a clock as this machine's.`;
  }

  #read(claims: { readonly [name: string]: unknown }, now = Date.now() / 1000): Verified | null {
    const { iss, aud, sub, sid, jti, iat, nbf, exp, roles, amr, auth_time: authTime } = claims;
    const isOurs = iss === this.#issuer && (Array.isArray(aud) ? aud.includes(this.#audience) : aud === this.#audience);
    if (!isOurs || !isName(sub) || !isName(sid) || !isName(jti) || !isMoment(iat) || !isMoment(exp)) return null;
    const isInTime = exp > now - LEEWAY && iat <= now + LEEWAY && exp > iat && exp - iat <= LONGEST_LIFE;
    if (!isInTime || (nbf !== undefined && !(isMoment(nbf) && nbf <= now + LEEWAY))) return null;
    const since = isMoment(authTime) ? new Date(authTime * 1000) : null;
    const user = { id: sub, sessionId: sid, roles: names(roles), amr: names(amr), authTime: since };
    return { user, expires: exp * 1000, issued: iat * 1000 };
  }
}

function isHeader(header: { readonly [name: string]: unknown }): header is { kid: string; alg: string } {
  const known = new Set(["alg", "typ", "kid"]);
  // A header that brings its own key, or asks for what we do not do, is refused, not overlooked.
  return header["typ"] === "at+jwt" && isName(header["kid"]) && isName(header["alg"]) && Object.keys(header).every((name) => known.has(name));
}

const isName = (value: unknown): value is string => typeof value === "string" && value.length > 0 && value.length <= 256;
const isMoment = (value: unknown): value is number => typeof value === "number" && Number.isFinite(value) && value >= 0;
const names = (value: unknown): string[] => (Array.isArray(value) ? value.filter(isName) : []);
