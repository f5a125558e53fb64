/**
 * The code of a text message that names this site, once the browser has it and the person agrees. Who asks last has the
 * request; one that still waits ends without a code.
 */
export declare function codeFromText(signal: AbortSignal): Promise<string | null>;
