import type { Schemas } from "../schemas.js";
export interface Call {
    readonly body?: object;
    readonly headers?: {
        readonly [name: string]: string;
    };
}
/** The service, called by a server. */
export declare class Service {
    #private;
    readonly base: string;
    constructor(base: string, own?: (request: Request) => Promise<Response>);
    /** Rejects with a `LatchkeyError` for everything that is not a success. */
    call(method: string, path: string, { body, headers }?: Call): Promise<{
        body: unknown;
        response: Response;
    }>;
    /** For `agent`, the program that the person uses. Tried again at once where an answer got lost. */
    refresh(token: string, agent: string | null): Promise<Schemas["Tokens"]>;
    revoke(token: string, agent: string | null): Promise<void>;
}
