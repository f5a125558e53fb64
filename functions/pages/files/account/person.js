// The profile as it was last read, and its entity tag, for all sections of the page.

import { latchkey } from "../parts/session.js";

const listeners = new Set();
let read = { me: null, tag: null };

export const profile = () => read.me;

/** Calls back with the profile, now if it is known and after each change. */
export function onProfile(listener) {
  listeners.add(listener);
  if (read.me) listener(read.me);
}

function keep({ data, response }) {
  read = { me: data, tag: response.headers.get("ETag") };
  listeners.forEach((listener) => listener(read.me));
  return read.me;
}

export const load = async () => keep(await latchkey.api.GET("/api/profile/"));

/** Changes these fields of the version that the person saw, and of no other. */
export const change = async (fields) =>
  keep(await latchkey.api.PATCH("/api/profile/", { body: fields, headers: { "If-Match": read.tag } }));

export const restore = async () => keep(await latchkey.api.POST("/api/profile/restore/"));
