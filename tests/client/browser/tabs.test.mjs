import assert from "node:assert/strict";
import { after, before, beforeEach, test } from "node:test";

import { Stage } from "../stage.mjs";

const jane = "jane@example.com";
const REFRESH = "/api/auth/token/refresh/";

let stage;
let person;
let refreshes;
before(async () => (stage = await Stage.open()));
after(() => stage.close());
beforeEach(async () => {
  await person?.close();
  await stage.house.reset();
  person = await stage.person();
  refreshes = 0;
  person.on("request", (request) => {
    if (request.method() === "POST" && request.url().endsWith(REFRESH)) refreshes += 1;
  });
});

const email = (tab) => tab.evaluate(() => window.email());
const expire = () => stage.house.advance(1000);

test("two tabs that refresh at the same time rotate once", async () => {
  const tabs = [await stage.tab(person), await stage.tab(person)];
  await stage.signIn(tabs[0], jane);
  for (let round = 1; round <= 3; round += 1) {
    await expire();
    const rotations = await stage.house.rotations(async () => {
      const asked = tabs.flatMap((tab) => Array.from({ length: 10 }, () => email(tab)));
      assert.deepEqual(new Set(await Promise.all(asked)), new Set([jane]));
    });
    assert.deepEqual([rotations, refreshes], [1, round]);
  }
  assert.deepEqual(person.complaints, []);
});

test("without locks the service's grace makes it right", async () => {
  await person.addInitScript(() => Object.defineProperty(Navigator.prototype, "locks", { get: () => undefined }));
  const tabs = [await stage.tab(person), await stage.tab(person)];
  await stage.signIn(tabs[0], jane);
  for (let round = 1; round <= 3; round += 1) {
    await expire();
    assert.deepEqual(await Promise.all(tabs.map(email)), [jane, jane]);
  }
  assert.ok(refreshes >= 3 && refreshes <= 6, `${refreshes} refreshes`);
});

test("who signs in or out in one tab does in all", async () => {
  const [one, two] = [await stage.tab(person), await stage.tab(person)];
  const { session } = await stage.signIn(one, jane);
  await two.waitForFunction(() => window.changes.length === 1);
  assert.equal(await two.evaluate(() => window.latchkey.session.sid), session.sid);
  assert.equal(await two.evaluate(() => window.latchkey.signOut()), true);
  await one.waitForFunction(() => window.changes.length === 2);
  assert.deepEqual(await one.evaluate(() => [window.changes, window.latchkey.session]), [["signed-in", "signed-out"], null]);
});

test("a session that is ended elsewhere ends in all tabs, each told once", async () => {
  const tabs = [await stage.tab(person), await stage.tab(person)];
  await stage.signIn(tabs[0], jane);
  await tabs[1].waitForFunction(() => window.changes.length === 1);
  const elsewhere = await stage.tab(await stage.person());
  await stage.house.advance(60);
  await stage.signIn(elsewhere, jane);
  await elsewhere.evaluate(() => window.latchkey.api.DELETE("/api/auth/sessions/"));
  assert.equal(await tabs[0].evaluate(() => window.email().catch((error) => error.code)), "unauthenticated");
  await tabs[1].waitForFunction(() => window.changes.length === 2);
  for (const tab of tabs) assert.deepEqual(await tab.evaluate(() => window.changes), ["signed-in", "ended"]);
  await elsewhere.context().close();
});

test("a reload keeps the session; a duplicated tab shares it, also by sessionStorage", async () => {
  const one = await stage.tab(person, "session");
  await stage.signIn(one, jane);
  await one.reload();
  assert.equal(await email(one), jane);
  const [two] = await Promise.all([person.waitForEvent("page"), one.evaluate(() => void window.open(location.href))]);
  await two.waitForFunction(() => window.latchkey?.session);
  for (const tab of [one, two, one, two]) {
    await expire();
    assert.equal(await email(tab), jane);
    // Long after: who would still use what the other has used up, would be taken for a thief.
    await stage.house.advance(30);
    assert.equal(await email(tab === one ? two : one), jane);
  }
  assert.equal(refreshes, 4);
  const apart = await stage.tab(person, "session");
  assert.equal(await apart.evaluate(() => window.latchkey.session), null);
  await two.evaluate(() => window.latchkey.signOut());
  await one.waitForFunction(() => window.latchkey.session === null);
});

test("memory forgets with the page", async () => {
  const one = await stage.tab(person, "memory");
  await stage.signIn(one, jane);
  assert.equal(await email(one), jane);
  await one.reload();
  await one.waitForFunction(() => window.latchkey);
  assert.equal(await one.evaluate(() => window.latchkey.session), null);
  assert.doesNotMatch(await one.evaluate(() => JSON.stringify({ ...localStorage, ...sessionStorage })), /rt_|jane/);
});
