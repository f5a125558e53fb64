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
