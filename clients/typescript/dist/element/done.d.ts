import type { Situation, View } from "./view.js";
/** Somebody is signed in. */
export declare function done({ client, words }: Situation): View;
