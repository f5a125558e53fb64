/** One spelling for what the service takes for one address, near enough for keys: the service has the last word. */
export declare function canonical(identifier: string): string;
/**
 * An address as people paste it, without what is invisible around it. In a phone number nothing invisible is left at all, and
 * its digits are ASCII: contacts apps wrap numbers in direction marks, and not every keyboard writes 0 to 9.
 */
export declare function clean(identifier: string): string;
/** Whether somebody is typing a phone number. */
export declare function looksLikePhone(identifier: string): boolean;
/** The digits of a code as people type and paste them: in any script, with blanks, hyphens and what is invisible. */
export declare function digits(code: string): string;
