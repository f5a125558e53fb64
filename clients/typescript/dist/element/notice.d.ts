import { type Words } from "./words.js";
/** What is said about an error, and how long it makes one wait. */
export declare class Notice {
    #private;
    readonly node: HTMLElement;
    constructor(words: Words);
    clear(): void;
    say(sentence: string): void;
    /** Says what an error means. Calls back once what is to be waited for is over. */
    tell(error: unknown, about: About, onOver: () => void, signal: AbortSignal): void;
}
/** What the person was about to do. */
export interface About {
    readonly kind: "email" | "phone" | "either";
    readonly digits: number;
}
