import type { Schemas } from "../schemas.js";
type Tokens = Schemas["Tokens"];
/** What this process knows of sessions that are refreshed and ended at the moment. */
export declare class Flights {
    #private;
    /** One for the whole process: frameworks put an app's modules into several bundles, each with a copy of this one. */
    static ofProcess(): Flights;
    /** Works once for each token, however many requests carry it. A failure is not remembered: the next request may do better. */
    refresh(token: string, work: () => Promise<Tokens>): Promise<Tokens>;
    /** A session was signed out of: requests that were on their way must not bring it back. */
    end(sid: string): void;
    isOver(sid: string): boolean;
}
export {};
