// Who is signed in, for the pages behind the sign-in: one client for all modules of a page.

import { createLatchkey } from "../latchkey.js";
import { $ } from "./dom.js";

export const latchkey = createLatchkey({ baseUrl: "/", storage: "cookie", sourceUrl: location.origin });

/** Where to sign in, and to come back to this page after it. */
const door = `/?next=${encodeURIComponent(location.pathname + location.search)}`;

let isLeaving = false;

/** Does `work`; once that has ended the session, the page stays for what is still to be said. */
export async function leaving(work) {
  isLeaving = true;
  try {
    return await work();
  } finally {
    isLeaving = latchkey.session === null;
  }
}

/** Shows the page to who is signed in, and sends everybody else to the sign-in page, from other tabs too. */
export function onlySignedIn() {
  latchkey.onSessionChange((session) => {
    if (!session && !isLeaving) location.replace(door);
  });
  $("sign-out").addEventListener("click", () => {
    isLeaving = true;
    latchkey.signOut().finally(() => location.replace("/"));
  });
  if (latchkey.session) return true;
  location.replace(door);
  return false;
}

/** All of a list that comes in pages. */
export async function everything(path, query = {}) {
  const all = [];
  let cursor;
  do {
    const { data } = await latchkey.api.GET(path, { params: { query: { limit: 100, ...query, cursor } } });
    all.push(...data.results);
    cursor = data.next ?? undefined;
  } while (cursor);
  return all;
}
