import { type Words } from "./texts/en.js";
export type { Words };
export interface Speech {
    /** The language of the words, for `lang`. */
    readonly language: string;
    /** The wish that they come from, for the service, which knows other languages. */
    readonly locale: string | undefined;
    readonly words: Words;
}
/** The words for an element: by its attribute, by the language of what is around it, by the browser's. */
export declare function speech(element: Element): Speech;
/** Minutes and seconds, in digits that every language reads. */
export declare function time(seconds: number): string;
export declare function fill(sentence: string, values: {
    readonly [name: string]: string | number;
}): string;
