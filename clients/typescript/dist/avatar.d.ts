import type { Send } from "./transport.js";
import type { Api, Picture } from "./types.js";
export declare function uploadAvatar(api: Api, send: Send, picture: Blob, signal?: AbortSignal): Promise<Picture>;
