/** The code of a text message that names this site, once the browser has it and the person agrees. */
export declare function codeFromText(signal: AbortSignal): Promise<string | null>;
