import type { KeyValueStorage, LatchkeyOptions } from "./types.js";
/** Who else sees what is stored: every tab, copies of this tab, or nobody. */
export type Reach = "shared" | "tab" | "page";
export interface Place {
    readonly storage: KeyValueStorage;
    readonly reach: Reach;
}
/** Where the session is kept, and where device tokens are: these are to survive the session. */
export declare function places(choice: LatchkeyOptions["storage"]): {
    session: Place;
    devices: KeyValueStorage;
};
/** Takes what an app stored under the key before it kept its sessions by cookie. */
export declare function former(key: string): string[];
/**
 * A storage that is full, or that the browser refuses from some moment on, must not cost a session whose code is used up: what
 * it does not take lives as long as this page. What it held before goes, so that no other tab goes on with used-up tokens.
 */
export declare function sturdy(storage: KeyValueStorage): KeyValueStorage;
