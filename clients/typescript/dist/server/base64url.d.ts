/** The bytes of unpadded base64url in its one spelling; null for anything else. */
export declare function bytes(text: string): Uint8Array<ArrayBuffer> | null;
/** The JSON object that is written so; null for anything else. */
export declare function object(text: string): {
    readonly [name: string]: unknown;
} | null;
