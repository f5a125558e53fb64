import assert from "node:assert/strict";
import { after, before, beforeEach, test } from "node:test";

import { createLatchkey } from "../../../clients/typescript/dist/latchkey.js";
import { House, shelf, signIn, wire } from "../house.mjs";

let house;
before(async () => (house = await House.open()));
after(() => house.close());
beforeEach(() => house.reset());

const REFRESH = "/api/auth/token/refresh/";
const jane = "jane@example.com";
const client = (options = {}) => createLatchkey({ baseUrl: house.url, ...options });
/** Beyond the token's life and the service's leeway. */
const expire = () => house.advance(1000);

test("of twenty requests at expiry one refreshes", async () => {
  const fetch = wire();
  const latchkey = client({ fetch });
  await signIn(house, latchkey, jane);
  await expire();
  const rotations = await house.rotations(async () => {
    const answers = await Promise.all(Array.from({ length: 20 }, () => latchkey.api.GET("/api/profile/")));
    assert.ok(answers.every(({ data }) => data.email === jane));
  });
  assert.equal(rotations, 1);
  assert.equal(fetch.to(REFRESH).length, 1);
});

test("a token is refreshed before it expires, by this machine's own clock", async (t) => {
  // Years behind the service's: only what passes here counts.
  t.mock.timers.enable({ apis: ["Date"], now: Date.UTC(2001, 0, 1) });
  const fetch = wire();
  const latchkey = client({ fetch });
  await signIn(house, latchkey, jane);
  t.mock.timers.tick(860_000);
  await latchkey.api.GET("/api/profile/");
  assert.equal(fetch.to(REFRESH).length, 0);
  t.mock.timers.tick(20_000);
  const answers = await Promise.all(Array.from({ length: 20 }, () => latchkey.api.GET("/api/profile/")));
  assert.deepEqual([answers.length, fetch.to(REFRESH).length, fetch.to("/api/profile/").length], [20, 1, 21]);
  // Set back: nobody knows how old the token is, so it is not trusted.
  t.mock.timers.setTime(Date.UTC(2000, 0, 1));
  await latchkey.api.GET("/api/profile/");
  assert.equal(fetch.to(REFRESH).length, 2);
});

test("bodies are sent again after a stale token was refused", async () => {
  const fetch = wire();
  const latchkey = client({ fetch });
  await signIn(house, latchkey, jane);
  await expire();
  assert.equal((await latchkey.api.PATCH("/api/profile/", { body: { bio: "x".repeat(500) } })).data.bio.length, 500);
  await expire();
  const pixel = Buffer.from("R0lGODlhAQABAIAAAAUEBAAAACwAAAAAAQABAAACAkQBADs=", "base64");
  const picture = await latchkey.uploadAvatar(new Blob([pixel], { type: "image/gif" }));
  assert.deepEqual(Object.keys(picture.avatar_urls).toSorted(), ["256", "512", "64"]);
  assert.equal(fetch.to("/api/profile/avatar/").length, 2);
});

test("a sign-in that is too old is told, not refreshed; a proven code takes its place", async () => {
  const fetch = wire();
  const latchkey = client({ fetch });
  const { session: old } = await signIn(house, latchkey, jane);
  await house.advance(700);
  await assert.rejects(latchkey.api.GET("/api/profile/export/"), { code: "reauthentication_required", status: 401 });
  assert.equal(fetch.to(REFRESH).length, 0);
  const { session } = await signIn(house, latchkey, jane);
  assert.notEqual(session.sid, old.sid);
  await latchkey.api.GET("/api/profile/export/");
  // The one before is ended, as nobody could reach it any more.
  const { data } = await latchkey.api.GET("/api/auth/sessions/");
  assert.deepEqual(data.results.map(({ id }) => id), [session.sid]);
});

test("an answer lost on the way back from a refresh does not cost the session", async () => {
  const fetch = wire();
  const latchkey = client({ fetch });
  await signIn(house, latchkey, jane);
  await expire();
  let lost = 0;
  fetch.through = async (request) => {
    const answer = await globalThis.fetch(request);
    if (request.url.endsWith(REFRESH) && lost < 1) {
      lost += 1;
      throw new TypeError("the answer was lost");
    }
    return answer;
  };
  const rotations = await house.rotations(() => latchkey.api.GET("/api/profile/"));
  assert.deepEqual([lost, fetch.to(REFRESH).length], [1, 2]);
  assert.ok(rotations >= 1);
  await expire();
  await latchkey.api.GET("/api/profile/");
});

test("an answer lost between service and database does not cost the session", async () => {
  const latchkey = client();
  await signIn(house, latchkey, jane);
  await expire();
  await house.fault({ service: "dynamodb", operation: "UpdateItem", fault: "lost_reply", times: 1 });
  await latchkey.api.GET("/api/profile/");
  await expire();
  await latchkey.api.GET("/api/profile/");
  assert.ok(latchkey.session);
});

test("a service that cannot answer keeps the session", async () => {
  const latchkey = client();
  await signIn(house, latchkey, jane);
  await expire();
  await house.fault({ service: "dynamodb", operation: "UpdateItem", fault: "error", times: 1000 });
  await assert.rejects(latchkey.api.GET("/api/profile/"), { code: "unavailable", status: 503, temporary: true });
  assert.ok(latchkey.session);
  await house.noFaults();
  await latchkey.api.GET("/api/profile/");
});

test("a token that still lives is used where it cannot be refreshed", async (t) => {
  t.mock.timers.enable({ apis: ["Date"], now: Date.now() });
  const fetch = wire();
  const latchkey = client({ fetch });
  await signIn(house, latchkey, jane);
  t.mock.timers.tick(880_000);
  fetch.through = (request) => (request.url.endsWith(REFRESH) ? Promise.reject(new TypeError("down")) : globalThis.fetch(request));
  assert.equal((await latchkey.api.GET("/api/profile/")).data.email, jane);
});

test("offline is its own error and signs nobody out", async () => {
  const fetch = wire();
  const latchkey = client({ fetch });
  await signIn(house, latchkey, jane);
  fetch.through = () => Promise.reject(new TypeError("fetch failed"));
  await assert.rejects(latchkey.api.GET("/api/profile/"), { name: "LatchkeyError", code: "offline", status: 0 });
  await expire();
  fetch.through = (request) => (request.url.endsWith(REFRESH) ? Promise.reject(new TypeError("fetch failed")) : globalThis.fetch(request));
  await assert.rejects(latchkey.api.GET("/api/profile/"), { code: "offline" });
  assert.ok(latchkey.session);
  fetch.through = globalThis.fetch;
  await latchkey.api.GET("/api/profile/");
  // Signing out works without a network; the service hears of it or not.
  fetch.through = () => Promise.reject(new TypeError("fetch failed"));
  assert.equal(await latchkey.signOut(), false);
  assert.equal(latchkey.session, null);
});

test("what the caller aborts is an abortion", async () => {
  const latchkey = client();
  await signIn(house, latchkey, jane);
  await assert.rejects(latchkey.api.GET("/api/profile/", { signal: AbortSignal.abort() }), { name: "AbortError" });
});

test("a session that was ended elsewhere ends here, once", async () => {
  const changes = [];
  const latchkey = client();
  latchkey.onSessionChange((session, change) => changes.push(change));
  await signIn(house, latchkey, jane);
  const other = client();
  await house.advance(60);
  await signIn(house, other, jane);
  await other.api.DELETE("/api/auth/sessions/");
  const asked = await Promise.allSettled(Array.from({ length: 5 }, () => latchkey.api.GET("/api/profile/")));
  assert.deepEqual(new Set(asked.map(({ reason }) => `${reason.code} ${reason.status}`)), new Set(["unauthenticated 401"]));
  assert.equal(latchkey.session, null);
  assert.deepEqual(changes, ["signed-in", "ended"]);
  assert.equal((await other.api.GET("/api/profile/")).data.email, jane);
});

test("two tabs on one storage: who comes second uses what the first has fetched", async () => {
  const storage = shelf();
  const [fetchA, fetchB] = [wire(), wire()];
  const [a, b] = [client({ storage, fetch: fetchA }), client({ storage, fetch: fetchB })];
  await signIn(house, a, jane);
  assert.equal(b.session.sid, a.session.sid);
  await expire();
  await a.api.GET("/api/profile/");
  await b.api.GET("/api/profile/");
  assert.deepEqual([fetchA.to(REFRESH).length, fetchB.to(REFRESH).length], [1, 0]);
  // At the same moment, and without locks between them, the service's grace makes it right.
  await expire();
  await Promise.all([a.api.GET("/api/profile/"), b.api.GET("/api/profile/")]);
  await expire();
  await Promise.all([a, b].map((tab) => tab.api.GET("/api/profile/")));
  assert.ok(a.session && b.session);
});

test("signing out in one tab is signing out in the other", async () => {
  const storage = shelf();
  const [a, b] = [client({ storage }), client({ storage })];
  const next = () => new Promise((resolve) => b.onSessionChange((session, change) => resolve([session?.sid ?? null, change])));
  const [heard, { session }] = await Promise.all([next(), signIn(house, a, jane)]);
  assert.deepEqual(heard, [session.sid, "signed-in"]);
  assert.deepEqual((await Promise.all([next(), a.signOut()]))[0], [null, "signed-out"]);
  await assert.rejects(b.accessToken(), { code: "unauthenticated" });
  b.close();
});

test("signing out while a refresh is on its way leaves nothing behind", async () => {
  const storage = shelf();
  const fetch = wire();
  const latchkey = client({ storage, fetch });
  await signIn(house, latchkey, jane);
  await expire();
  let signedOut;
  fetch.through = async (request) => {
    const answer = await globalThis.fetch(request);
    if (request.url.endsWith(REFRESH)) signedOut ??= await latchkey.signOut();
    return answer;
  };
  await assert.rejects(latchkey.api.GET("/api/profile/"), { code: "unauthenticated" });
  assert.deepEqual([signedOut, latchkey.session], [true, null]);
  assert.deepEqual([...storage.held.keys()].filter((key) => !key.includes(":device:")), []);
});

test("an answer that comes too late does not bring used-up tokens back", async () => {
  const storage = shelf();
  const fetch = wire();
  const slow = client({ fetch, storage });
  await signIn(house, slow, jane);
  await expire();
  let release;
  const held = new Promise((resolve) => (release = resolve));
  fetch.through = async (request) => {
    const answer = await globalThis.fetch(request);
    if (request.url.endsWith(REFRESH)) await held;
    return answer;
  };
  const late = slow.api.GET("/api/profile/");
  while (fetch.to(REFRESH).length === 0) await new Promise(setImmediate);
  // Another tab gets the same successor, and goes on from there.
  const quick = client({ storage });
  await quick.api.GET("/api/profile/");
  await expire();
  await quick.api.GET("/api/profile/");
  const stored = JSON.stringify([...storage.held]);
  release();
  await late;
  assert.equal(JSON.stringify([...storage.held]), stored);
  await expire();
  assert.equal((await quick.api.GET("/api/profile/")).data.email, jane);
});

test("a storage that answers later", async () => {
  const { held, ...now } = shelf();
  const storage = Object.fromEntries(Object.entries(now).map(([name, work]) => [name, async (...given) => work(...given)]));
  const { session } = await signIn(house, client({ storage }), jane);
  assert.ok(held.size > 0);
  const later = client({ storage });
  await later.ready;
  assert.equal(later.session.sid, session.sid);
  await expire();
  assert.equal((await later.api.GET("/api/profile/")).data.email, jane);
});

test("what is not the service's answer is told apart", async () => {
  const portal = (status) => client({ fetch: async () => new Response("<p>Sign in to this network", { status }) });
  await assert.rejects(portal(200).requestCode({ identifier: jane }), { code: "unexpected" });
  await assert.rejects(portal(502).requestCode({ identifier: jane }), { code: "unexpected", status: 502, temporary: true });
  assert.throws(() => createLatchkey({ baseUrl: "auth.example.com" }), /baseUrl/);
});

test("a picture beyond 4 MiB goes straight to the bucket", async () => {
  const fetch = wire();
  const latchkey = client({ fetch });
  await signIn(house, latchkey, jane);
  const pixel = Buffer.from("R0lGODlhAQABAIAAAAUEBAAAACwAAAAAAQABAAACAkQBADs=", "base64");
  const large = new Blob([pixel, new Uint8Array(5 * 1024 * 1024)], { type: "image/gif" });
  const picture = await latchkey.uploadAvatar(large);
  assert.match(picture.avatar, /512/);
  assert.deepEqual([fetch.to("/api/profile/avatar/").length, fetch.to("/api/profile/avatar/upload/").length], [0, 1]);
  const bucket = fetch.seen.filter(({ path }) => !path.startsWith("/api/"));
  assert.deepEqual([bucket.length, bucket[0].headers.has("authorization")], [1, false]);
});

test("a storage that is full once the code is used keeps the session for this page", async (t) => {
  const held = new Map();
  let full = false;
  globalThis.window = {
    localStorage: {
      getItem: (key) => held.get(key) ?? null,
      setItem: (key, value) => {
        if (full) throw new DOMException("The quota has been exceeded.", "QuotaExceededError");
        held.set(key, value);
      },
      removeItem: (key) => void held.delete(key),
    },
  };
  t.after(() => delete globalThis.window);
  const latchkey = client({ fetch: wire() });
  full = true;
  const { session } = await signIn(house, latchkey, jane);
  assert.equal(latchkey.session.sid, session.sid);
  assert.equal((await latchkey.api.GET("/api/profile/")).data.email, jane);
  await expire();
  assert.equal((await latchkey.api.GET("/api/profile/")).data.email, jane);
  assert.equal(held.size, 0, "no other tab finds tokens that are used up");
  await latchkey.signOut();
  assert.equal(latchkey.session, null);
});

test("who signs out while a refresh is being stored is signed out", async () => {
  const held = new Map();
  let release = null;
  const storage = {
    get: async (key) => held.get(key) ?? null,
    set: async (key, value) => {
      if (release) await new Promise((resolve) => release.push(resolve));
      held.set(key, value);
    },
    remove: async (key) => void held.delete(key),
  };
  const latchkey = client({ fetch: wire(), storage });
  await signIn(house, latchkey, jane);
  await expire();
  release = [];
  const asked = latchkey.api.GET("/api/profile/");
  while (release.length === 0) await new Promise((resolve) => setImmediate(resolve));
  await latchkey.signOut();
  for (const go of release) go();
  await assert.rejects(asked, { code: "unauthenticated" });
  assert.equal([...held.keys()].filter((key) => !key.includes("device")).length, 0);
  assert.equal(latchkey.session, null);
});
