import type { Devices } from "./devices.js";
import type { Api, CodeProof, CodeSent, CodeWish, Profile, SignedIn } from "./types.js";
import type { SessionKeeper } from "./watched.js";
interface Defaults {
    readonly sourceUrl: string | undefined;
    readonly locale: string | undefined;
}
type Purpose = "sign-in" | "address";
/** Asks for codes and redeems them. */
export declare class Codes {
    #private;
    constructor(api: Api, devices: Devices, defaults: Defaults);
    request(wish: CodeWish, purpose: Purpose): Promise<CodeSent>;
    verify(proof: CodeProof, keeper: SessionKeeper): Promise<SignedIn>;
    verifyAddress(proof: CodeProof): Promise<Profile>;
}
export {};
