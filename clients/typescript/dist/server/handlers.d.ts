import type { Service } from "./service.js";
import type { Sessions } from "./session.js";
/** The most bytes of a body that is read; the service takes no more either. */
export declare const MOST: number;
/** The app's own routes for signing in and out. */
export declare class Handlers {
    #private;
    constructor(service: Service, sessions: Sessions, origin: string, path: string);
    /** Answers whatever is asked; never rejects. */
    handle(request: Request): Promise<Response>;
    /** Whether a request that changes something comes from a page of the app itself. Browsers say so, by at least one header. */
    isSameOrigin({ headers }: Request): boolean;
}
