import type { Service } from "./service.js";
declare const ALGORITHMS: {
    readonly RS256: {
        readonly name: "RSASSA-PKCS1-v1_5";
        readonly hash: "SHA-256";
    };
    readonly ES256: {
        readonly name: "ECDSA";
        readonly namedCurve: "P-256";
        readonly hash: "SHA-256";
    };
};
export type Algorithm = keyof typeof ALGORITHMS;
/** The service's published keys, kept as long as their answer says. */
export declare class KeySet {
    #private;
    constructor(service: Service);
    /**
     * Whether the key of that name made the signature. False for a name that is not published.
     *
     * Rejects with a `LatchkeyError` while there are no keys at all, because the service does not answer.
     */
    verify(kid: string, algorithm: string, signature: Uint8Array<ArrayBuffer>, data: Uint8Array<ArrayBuffer>): Promise<boolean>;
}
export {};
