import type { SessionChange } from "./types.js";
/** What a tab tells the others about a session. */
export interface Notice {
    readonly sid: string;
    readonly change: SessionChange | "refreshed";
    /** The stored text, for copies of a tab, whose storage is a copy too; the access token, where it is stored nowhere. */
    readonly value?: string | null;
}
/**
 * The longest that a refresh takes with all its tries, in milliseconds: less than the ten seconds for which the service gives the
 * same successor to everybody, so that no try of ours can be taken for a theft.
 */
export declare const REFRESH_TAKES = 9000;
/** How late another tab's writing may be seen; longer where we know that there was one. */
export declare const LAG = 50;
/** The other tabs of the same browser. */
export declare class Tabs {
    #private;
    constructor(name: string);
    listen(onNotice: (notice: Notice) => void): void;
    /** A channel for one notice: a page that never listens holds nothing open. */
    tell(notice: Notice): void;
    /**
     * Runs the work while no other tab runs such work, where the browser can do that. Tells it how long, in milliseconds, what
     * another tab has just stored or told may take to be seen here: browsers bring it over later than they pass on the lock.
     * It is `lag` where nobody had the lock.
     */
    alone<T>(work: (lag: number) => Promise<T>, lag?: number): Promise<T>;
    close(): void;
}
