import type { Api, Delivery } from "./types.js";
export declare class Deliveries {
    #private;
    constructor(api: Api);
    status(id: string, signal?: AbortSignal): Promise<Delivery>;
    watch(id: string, onStatus: (delivery: Delivery) => void, signal?: AbortSignal): Promise<Delivery | null>;
}
/** Resolves after the time, or when aborted. */
export declare function sleep(milliseconds: number, signal?: AbortSignal): Promise<void>;
