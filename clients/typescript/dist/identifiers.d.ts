/** One spelling for what the service takes for one address, near enough for keys: the service has the last word. */
export declare function canonical(identifier: string): string;
/** Whether somebody is typing a phone number. */
export declare function looksLikePhone(identifier: string): boolean;
/** The digits of a code as people paste them: with blanks, hyphens, or from a full-width keyboard. */
export declare function digits(code: string): string;
