import type { KeyValueStorage } from "./types.js";
/**
 * Device tokens, one for each address that signed in here. They outlive sign-out: they are what keeps a person from being held
 * up by strangers who guess at the same address.
 */
export declare class Devices {
    #private;
    constructor(prefix: string, storage: KeyValueStorage);
    header(identifier: string): Promise<{
        [name: string]: string;
    }>;
    keep(identifier: string, token: string): Promise<void>;
}
