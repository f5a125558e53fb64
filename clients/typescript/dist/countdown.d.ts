/**
 * Calls back with the whole seconds that are left: at once, each second, and at 0. It counts to a moment, not in steps, so a
 * tab that slept is right when it wakes.
 */
export declare function countdown(seconds: number, onTick: (left: number) => void, signal?: AbortSignal): () => void;
