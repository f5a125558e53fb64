import { type Channel } from "../latchkey.js";
import { type Pending } from "./pending.js";
import type { Situation, View } from "./view.js";
interface Wishes {
    prove(code: string): Promise<void>;
    /** Sends again, by another way if one is named. */
    again(channel: Channel | undefined): Promise<void>;
    other(): void;
}
/** The second step: the code. */
export declare function prove(at: Situation, pending: Pending, wishes: Wishes): View;
export {};
