/** One sheet for all elements of a page; made by script, which a policy for style elements and attributes does not concern. */
export declare function styles(): CSSStyleSheet;
