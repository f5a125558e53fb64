/** Browsers drop a cookie beyond this many bytes of name and value; ours have about a thousand. */
const LARGEST = 4096;

/** Two cookies of the app's own host that no script can read. */
export class Cookies {
  readonly session: string;
  readonly device: string;
  readonly #attributes: string;

  constructor(origin: URL) {
    const isPlain = origin.protocol === "http:";
    // Over plain http, on loopback, browsers take no `__Host-`, and all ports share their cookies.
    const name = (what: string) => (isPlain ? `latchkey-${what}-${origin.port || "80"}` : `__Host-latchkey-${what}`);
    this.session = name("session");
    this.device = name("device");
    this.#attributes = `Path=/; HttpOnly; SameSite=Lax${isPlain ? "" : "; Secure"}`;
  }

  /** The cookie's value. Null where there is none, and where there are two: somebody has planted one. */
  read(header: string | null, name: string): string | null {
    const pairs = (header ?? "").split(";").map((pair) => pair.trim());
    const found = pairs.filter((pair) => pair.startsWith(`${name}=`));
    return found.length === 1 ? (found[0] as string).slice(name.length + 1) : null;
  }

  /** The header `Cookie` as it will be once the browser has this value. */
  replace(header: string | null, name: string, value: string | null): string {
    const pairs = (header ?? "").split(";").map((pair) => pair.trim());
    const others = pairs.filter((pair) => pair && !pair.startsWith(`${name}=`));
    return [...others, ...(value === null ? [] : [`${name}=${value}`])].join("; ");
  }

  /** The header `Set-Cookie`; without a value the cookie is taken away. `maxAge` is in seconds. */
  set(name: string, value: string | null, maxAge = 0): string {
    const text = value ?? "";
    if (name.length + text.length > LARGEST) throw new RangeError(`the cookie ${name} has ${text.length} bytes; a browser takes ${LARGEST}`);
    return `${name}=${text}; ${this.#attributes}; Max-Age=${value === null ? 0 : Math.floor(maxAge)}`;
  }
}
