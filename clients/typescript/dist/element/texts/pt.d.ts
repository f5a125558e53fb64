import type { Words } from "./en.js";
export declare const pt: Words;
