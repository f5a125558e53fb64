/** Two cookies of the app's own host that no script can read. */
export declare class Cookies {
    #private;
    readonly session: string;
    readonly device: string;
    constructor(origin: URL);
    /** The cookie's value. Null where there is none, and where there are two: somebody has planted one. */
    read(header: string | null, name: string): string | null;
    /** The header `Cookie` as it will be once the browser has this value. */
    replace(header: string | null, name: string, value: string | null): string;
    /** The header `Set-Cookie`; without a value the cookie is taken away. `maxAge` is in seconds. */
    set(name: string, value: string | null, maxAge?: number): string;
}
