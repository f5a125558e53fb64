import type { components } from "./schema.js";
/** The schemas of the API's document, by their names there. */
export type Schemas = components["schemas"];
export type Profile = Schemas["Profile"];
export type Delivery = Schemas["Delivery"];
export type Picture = Schemas["Picture"];
export type CodeSent = Schemas["CodeSent"];
export type SignedInUser = Schemas["SignedIn"]["user"];
export type Problem = Schemas["Problem"];
export type WrongField = Schemas["WrongField"];
