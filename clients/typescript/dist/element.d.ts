import { type Latchkey } from "./latchkey.js";
/** A server that renders pages imports this too, and has no elements. */
declare const Base: typeof HTMLElement;
/**
 * `<latchkey-sign-in base-url="https://auth.example.com">`: asks for an address, sends a code, takes the code.
 *
 * Attributes: `base-url`, `channels` (`email sms whatsapp`, `email` by default), `locale`, `source-url`, `storage`,
 * `code-length`, `identifier` (filled in), `reauthenticate` (asks although somebody is signed in), `autofocus`.
 * Events: `latchkey-signed-in` with `{ user, session }`, `latchkey-error` with a `LatchkeyError`; both bubble.
 */
export declare class LatchkeySignIn extends Base {
    #private;
    static readonly observedAttributes: string[];
    constructor();
    /** The app's own client, in place of one made from the attributes. */
    set client(client: Latchkey | null);
    get client(): Latchkey;
    connectedCallback(): void;
    disconnectedCallback(): void;
    attributeChangedCallback(name: string, before: string | null, after: string | null): void;
    /** Back to the first step. */
    reset(): void;
}
declare global {
    interface HTMLElementTagNameMap {
        "latchkey-sign-in": LatchkeySignIn;
    }
}
export {};
