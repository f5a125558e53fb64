import assert from "node:assert/strict";
import { after, before, beforeEach, test } from "node:test";

import { createLatchkey } from "../../../clients/typescript/dist/latchkey.js";
import { House, jar, signIn } from "../house.mjs";

let house;
before(async () => (house = await House.open()));
after(() => house.close());
beforeEach(() => house.reset());

const REFRESH = "/api/auth/token/refresh/";
const jane = "jane@example.com";
const client = (fetch, options = {}) => createLatchkey({ baseUrl: house.url, storage: "cookie", fetch, ...options });
const expire = () => house.advance(1000);
const profile = (latchkey) => latchkey.api.GET("/api/profile/");

test("cookie session asks for nothing before anybody has signed in", async () => {
  const fetch = jar();
  const latchkey = client(fetch);
  await latchkey.ready;
  assert.equal(latchkey.session, null);
  await assert.rejects(latchkey.accessToken(), { code: "unauthenticated" });
  assert.deepEqual(fetch.wire.seen, []);
});

test("cookie session has no refresh token in any answer, and goes on by the cookie", async () => {
  const fetch = jar();
  const latchkey = client(fetch);
  const { session, user } = await signIn(house, latchkey, jane);
  assert.equal(user.email, jane);
  const first = fetch.cookie;
  assert.match(first, /^latchkey-refresh-\d+=rt_/);
  await expire();
  assert.equal((await profile(latchkey)).data.email, jane);
  assert.notEqual(fetch.cookie, first, "it rotates");
  assert.equal(latchkey.session.sid, session.sid);
  assert.equal(fetch.bodies.some((body) => body.includes("rt_")), false);
});

test("cookie session of sixty requests at expiry is refreshed once", async () => {
  const fetch = jar();
  const latchkey = client(fetch);
  await signIn(house, latchkey, jane);
  await expire();
  const rotations = await house.rotations(async () => {
    const answers = await Promise.all(Array.from({ length: 60 }, () => profile(latchkey)));
    assert.ok(answers.every(({ data }) => data.email === jane));
  });
  assert.deepEqual([rotations, fetch.wire.to(REFRESH).length], [1, 1]);
});

test("cookie session is refreshed a second apart, so that no refresh left on the way is overtaken by two", async () => {
  const fetch = jar();
  const latchkey = client(fetch);
  await signIn(house, latchkey, jane);
  const moments = [];
  fetch.wire.through = async (request) => {
    const isRefresh = request.url.endsWith(REFRESH);
    if (isRefresh) moments.push(Date.now());
    const answer = await globalThis.fetch(request);
    if (isRefresh) moments.push(Date.now());
    return answer;
  };
  for (let n = 0; n < 2; n += 1) {
    await expire();
    await profile(latchkey);
  }
  const [, answered, next] = moments;
  // A slow machine only makes it longer; Node's timers may be a millisecond early.
  assert.ok(next - answered >= 998, `${next - answered} ms`);
});

test("cookie session survives an answer that is lost on the way back", async () => {
  const fetch = jar();
  const latchkey = client(fetch);
  await signIn(house, latchkey, jane);
  await expire();
  let lost = 0;
  fetch.wire.through = async (request) => {
    const answer = await globalThis.fetch(request);
    if (!request.url.endsWith(REFRESH) || lost > 0) return answer;
    lost += 1;
    throw new TypeError("the answer was lost");
  };
  await profile(latchkey);
  assert.deepEqual([lost, fetch.wire.to(REFRESH).length], [1, 2]);
  await expire();
  await profile(latchkey);
});

test("cookie session is kept by a service that cannot answer, and by a machine that is offline", async () => {
  const fetch = jar();
  const latchkey = client(fetch);
  await signIn(house, latchkey, jane);
  await expire();
  await house.fault({ service: "dynamodb", operation: "UpdateItem", fault: "error", times: 1000 });
  await assert.rejects(profile(latchkey), { code: "unavailable", temporary: true });
  await house.noFaults();
  fetch.wire.through = () => Promise.reject(new TypeError("fetch failed"));
  await assert.rejects(latchkey.api.GET("/api/profile/"), { code: "offline" });
  assert.ok(latchkey.session && fetch.cookie);
  fetch.wire.through = globalThis.fetch;
  await profile(latchkey);
});

test("cookie session takes a code once, however often it is clicked, and ends the session before", async () => {
  const fetch = jar();
  const latchkey = client(fetch);
  const { session: old } = await signIn(house, latchkey, jane);
  const stolen = await latchkey.accessToken();
  await house.advance(60);
  await latchkey.requestCode({ identifier: jane });
  const code = await house.code(jane);
  const both = await Promise.all([1, 2].map(() => latchkey.verifyCode({ identifier: jane, code })));
  assert.equal(both[0].session.sid, both[1].session.sid);
  assert.notEqual(both[0].session.sid, old.sid);
  const asked = await fetch(new Request(`${house.url}/api/profile/`, { headers: { Authorization: `Bearer ${stolen}` } }));
  assert.equal(asked.status, 401);
});

test("cookie session ends with a sign-out, at the service too", async () => {
  const fetch = jar();
  const changes = [];
  const latchkey = client(fetch);
  latchkey.onSessionChange((session, change) => changes.push(change));
  await signIn(house, latchkey, jane);
  const { cookie } = fetch;
  assert.equal(await latchkey.signOut(), true);
  assert.deepEqual([fetch.cookie, latchkey.session, changes], [null, null, ["signed-in", "signed-out"]]);
  fetch.cookie = cookie;
  assert.equal(await latchkey.resume(), null, "the service has ended it");
  assert.equal(fetch.cookie, null);
});

test("cookie session that is signed out of without a network is not taken up again", async () => {
  const fetch = jar();
  const latchkey = client(fetch);
  await signIn(house, latchkey, jane);
  fetch.wire.through = () => Promise.reject(new TypeError("fetch failed"));
  assert.equal(await latchkey.signOut(), false);
  assert.ok(fetch.cookie, "nobody could take it away");
  await assert.rejects(profile(latchkey), { code: "unauthenticated" });
  fetch.wire.through = globalThis.fetch;
  assert.equal(await latchkey.resume(), null);
  assert.equal(fetch.cookie, null);
});

test("cookie session that is signed out of while it is refreshed stays over", async () => {
  const fetch = jar();
  const latchkey = client(fetch);
  await signIn(house, latchkey, jane);
  await expire();
  let signedOut;
  fetch.wire.through = async (request) => {
    const answer = await globalThis.fetch(request);
    if (request.url.endsWith(REFRESH)) signedOut ??= latchkey.signOut();
    return answer;
  };
  await assert.rejects(profile(latchkey), { code: "unauthenticated" });
  assert.equal(await signedOut, true);
  assert.equal(latchkey.session, null);
  fetch.wire.through = globalThis.fetch;
  assert.equal(await latchkey.resume(), null);
});

test("cookie session that was ended elsewhere ends here, once", async () => {
  const fetch = jar();
  const changes = [];
  const latchkey = client(fetch);
  latchkey.onSessionChange((session, change) => changes.push(change));
  await signIn(house, latchkey, jane);
  await house.advance(60);
  const other = client(jar());
  await signIn(house, other, jane);
  await other.api.DELETE("/api/auth/sessions/");
  const asked = await Promise.allSettled(Array.from({ length: 5 }, () => profile(latchkey)));
  assert.deepEqual(new Set(asked.map(({ reason }) => reason.code)), new Set(["unauthenticated"]));
  assert.deepEqual([latchkey.session, fetch.cookie, changes], [null, null, ["signed-in", "ended"]]);
});

test("cookie session is found by a page that does not know of it", async () => {
  const fetch = jar();
  await signIn(house, client(fetch), jane);
  const page = client(fetch);
  assert.equal(page.session, null);
  const session = await page.resume();
  assert.match(session.userId, /^usr_/);
  assert.equal((await profile(page)).data.email, jane);
  assert.equal(await client(jar()).resume(), null);
});

test("cookie session of sixty pages that know nothing of each other is refreshed to one", async () => {
  const fetch = jar();
  await signIn(house, client(fetch), jane);
  const pages = Array.from({ length: 60 }, () => client(fetch));
  const sessions = await Promise.all(pages.map((page) => page.resume()));
  assert.equal(new Set(sessions.map(({ sid }) => sid)).size, 1);
  await expire();
  assert.equal((await profile(pages[0])).data.email, jane, "and nobody is taken for a thief");
});

test("cookie session that became somebody else's is not used for what was asked before", async () => {
  const fetch = jar();
  const changes = [];
  const page = client(fetch);
  const { session: janes } = await signIn(house, page, jane);
  page.onSessionChange((session, change) => changes.push([change, session.userId]));
  // At another origin of the same site, which no lock and no notice reaches.
  const joe = await signIn(house, client(fetch), "joe@example.com");
  await assert.rejects(page.api.PATCH("/api/profile/", { body: { first_name: "Jane" } }), { code: "unauthenticated" });
  assert.notEqual(janes.userId, joe.session.userId);
  assert.deepEqual(changes, [["signed-in", joe.session.userId]]);
  assert.equal((await profile(page)).data.first_name, "");
});

test("cookie goes with the session that the person ends, and with the account", async () => {
  for (const end of [
    (latchkey) => latchkey.api.DELETE("/api/auth/sessions/{id}/", { params: { path: { id: latchkey.session.sid } } }),
    (latchkey) => latchkey.api.DELETE("/api/profile/"),
  ]) {
    const fetch = jar();
    const changes = [];
    const latchkey = client(fetch);
    latchkey.onSessionChange((session, change) => changes.push(change));
    await house.advance(60);
    await signIn(house, latchkey, jane);
    await end(latchkey);
    assert.deepEqual([fetch.cookie, latchkey.session, changes], [null, null, ["signed-in", "signed-out"]]);
    await assert.rejects(profile(latchkey), { code: "unauthenticated" });
  }
});

test("cookie is refused to a page of another site, in a sentence", async () => {
  const fetch = jar();
  const latchkey = client(async (request) => {
    request.headers.set("Sec-Fetch-Site", "cross-site");
    return fetch(request);
  });
  await latchkey.requestCode({ identifier: jane });
  const proof = { identifier: jane, code: await house.code(jane) };
  await assert.rejects(latchkey.verifyCode(proof), { code: "forbidden", status: 403, message: /session cookie/ });
  assert.equal((await client(fetch).verifyCode(proof)).user.email, jane, "the code was not used up");
});
