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
const sixty = (tab, count) => tab.evaluate((n) => Promise.all(Array.from({ length: n }, () => window.email())), count);
const expire = () => stage.house.advance(1000);
const cookies = async () => (await person.cookies(stage.house.url)).filter(({ name }) => name.startsWith("latchkey-refresh-"));
const code = (tab) => tab.evaluate(() => window.email().catch((error) => error.code));

/** The bodies of all answers that the tab gets, by the browser's own protocol, since a script might read them too. */
async function recorded(tab) {
  const wire = await person.newCDPSession(tab);
  await wire.send("Network.enable");
  const bodies = [];
  wire.on("Network.loadingFinished", ({ requestId }) => {
    const read = wire.send("Network.getResponseBody", { requestId });
    // A preflight has none.
    bodies.push(read.then(({ body, base64Encoded }) => (base64Encoded ? atob(body) : body), () => ""));
  });
  return () => Promise.all(bodies);
}

/** Everything that a script finds kept on the page. */
const kept = (tab) =>
  tab.evaluate(async () => {
    const databases = (await indexedDB.databases()).map(({ name }) => name);
    const caches_ = await caches.keys();
    return JSON.stringify([document.cookie, { ...localStorage }, { ...sessionStorage }, databases, caches_]);
  });

test("cookie session leaves no token where a script could find it later", async () => {
  const tab = await stage.tab(person, "cookie");
  const bodies = await recorded(tab);
  await stage.signIn(tab, jane);
  await expire();
  assert.equal(await email(tab), jane);
  await tab.reload();
  await tab.waitForFunction(() => window.latchkey);
  assert.equal(await email(tab), jane);
  assert.equal(await tab.evaluate(() => window.latchkey.signOut()), true);
  await stage.house.advance(60);
  await stage.signIn(tab, jane);

  const [cookie, ...others] = await cookies();
  assert.deepEqual([others, cookie.httpOnly, cookie.sameSite, cookie.path], [[], true, "Lax", "/"]);
  assert.match(cookie.value, /^rt_/);
  const answered = await bodies();
  assert.ok(answered.filter((body) => body.includes('"access"')).length >= 3, "the answers were recorded");
  assert.doesNotMatch(answered.join("\n"), /rt_/);
  const found = await kept(tab);
  assert.doesNotMatch(found, /rt_|eyJ|jane/, "no refresh token, no access token, no address");
  assert.match(found, /ses_/, "who is said to be signed in is known");
  assert.deepEqual(person.complaints, []);
});

test("cookie session of one tab is refreshed once by sixty requests at expiry", async () => {
  const tab = await stage.tab(person, "cookie");
  await stage.signIn(tab, jane);
  await expire();
  const rotations = await stage.house.rotations(async () => {
    assert.deepEqual(new Set(await sixty(tab, 60)), new Set([jane]));
  });
  assert.deepEqual([rotations, refreshes], [1, 1]);
});

test("cookie session of six tabs is refreshed once by sixty requests at expiry", async () => {
  const tabs = [];
  for (let n = 0; n < 6; n += 1) tabs.push(await stage.tab(person, "cookie"));
  await stage.signIn(tabs[0], jane);
  await Promise.all(tabs.map((tab) => tab.waitForFunction(() => window.latchkey.session)));
  for (let round = 1; round <= 2; round += 1) {
    await expire();
    const rotations = await stage.house.rotations(async () => {
      const asked = await Promise.all(tabs.map((tab) => sixty(tab, 10)));
      assert.deepEqual(new Set(asked.flat()), new Set([jane]));
    });
    assert.deepEqual([rotations, refreshes], [1, round]);
  }
});

test("cookie session goes on without locks, by the service's grace", async () => {
  await person.addInitScript(() => Object.defineProperty(Navigator.prototype, "locks", { get: () => undefined }));
  const tabs = [await stage.tab(person, "cookie"), await stage.tab(person, "cookie")];
  await stage.signIn(tabs[0], jane);
  await tabs[1].waitForFunction(() => window.latchkey.session);
  for (let round = 1; round <= 3; round += 1) {
    await expire();
    assert.deepEqual(await Promise.all(tabs.map(email)), [jane, jane]);
  }
});

test("cookie session is there after a reload, and in a tab that was opened later", async () => {
  const one = await stage.tab(person, "cookie");
  const { session } = await stage.signIn(one, jane);
  await one.reload();
  await one.waitForFunction(() => window.latchkey);
  assert.equal(await one.evaluate(() => window.latchkey.session.sid), session.sid, "at once, without asking");
  assert.equal(await email(one), jane);
  const two = await stage.tab(person, "cookie");
  assert.equal(await email(two), jane);
  assert.equal(await email(one), jane);
});

test("cookie session survives a page that is reloaded faster than the service answers", async () => {
  const tab = await stage.tab(person, "cookie");
  await stage.signIn(tab, jane);
  let late;
  // The first page's request is on the way, and never answered, while the second page's is.
  await person.route(`**${REFRESH}`, async (route) => {
    const { cookie, "user-agent": agent } = await route.request().allHeaders();
    late = () => fetch(stage.house.url + REFRESH, { method: "POST", headers: { "X-Session-Cookie": "1", Cookie: cookie, "User-Agent": agent } });
  });
  await tab.reload();
  await tab.waitForFunction(() => window.latchkey);
  void email(tab).catch(() => undefined);
  while (!late) await tab.waitForTimeout(5);
  await tab.reload();
  await tab.waitForFunction(() => window.latchkey);
  await person.unroute(`**${REFRESH}`);
  assert.equal(await email(tab), jane);
  assert.equal((await late()).status, 200, "it gets the successor that the second page got");
  await tab.reload();
  await tab.waitForFunction(() => window.latchkey);
  assert.equal(await email(tab), jane);
});

test("cookie session that is signed out of in one tab is over in the other", async () => {
  const [one, two] = [await stage.tab(person, "cookie"), await stage.tab(person, "cookie")];
  const { session } = await stage.signIn(one, jane);
  await two.waitForFunction(() => window.changes.length === 1);
  assert.equal(await two.evaluate(() => window.latchkey.session.sid), session.sid);
  assert.equal(await two.evaluate(() => window.latchkey.signOut()), true);
  await one.waitForFunction(() => window.changes.length === 2);
  assert.deepEqual(await one.evaluate(() => [window.changes, window.latchkey.session]), [["signed-in", "signed-out"], null]);
  assert.equal(await code(one), "unauthenticated");
  assert.deepEqual([await cookies(), refreshes], [[], 0]);
});

test("cookie session that is ended elsewhere ends in all tabs, each told once", async () => {
  const tabs = [await stage.tab(person, "cookie"), await stage.tab(person, "cookie")];
  await stage.signIn(tabs[0], jane);
  await tabs[1].waitForFunction(() => window.changes.length === 1);
  const elsewhere = await stage.tab(await stage.person(), "cookie");
  await stage.house.advance(60);
  await stage.signIn(elsewhere, jane);
  await elsewhere.evaluate(() => window.latchkey.api.DELETE("/api/auth/sessions/"));
  assert.equal(await code(tabs[0]), "unauthenticated");
  await tabs[1].waitForFunction(() => window.changes.length === 2);
  for (const tab of tabs) assert.deepEqual(await tab.evaluate(() => window.changes), ["signed-in", "ended"]);
  assert.deepEqual(await cookies(), [], "the service took it away");
  await elsewhere.context().close();
});

test("cookie that could not be given back is given back by the next page", async () => {
  const tab = await stage.tab(person, "cookie");
  await stage.signIn(tab, jane);
  await person.route("**/api/auth/token/revoke/", (route) => route.abort());
  assert.equal(await tab.evaluate(() => window.latchkey.signOut()), false);
  assert.equal((await cookies()).length, 1);
  await person.unroute("**/api/auth/token/revoke/");
  const revoked = tab.waitForResponse((response) => response.url().endsWith("/revoke/") && response.request().method() === "POST");
  await tab.reload();
  assert.equal((await revoked).status(), 204);
  assert.equal(await code(tab), "unauthenticated");
  assert.deepEqual([await cookies(), refreshes], [[], 0]);
});

test("cookie session that began at another origin of the site is found when asked for", async () => {
  const pages = await person.newPage();
  await person.route(`${stage.house.url}/latchkey.js`, async (route) => route.fulfill({ response: await route.fetch({ url: `${stage.url}/latchkey.js` }) }));
  const opens = async () => {
    await pages.goto(`${stage.house.url}/docs/`);
    await pages.evaluate(async () => {
      const { createLatchkey } = await import("/latchkey.js");
      window.latchkey = createLatchkey({ baseUrl: "", storage: "cookie" });
    });
  };
  await opens();
  await stage.signIn(pages, jane);
  const app = await stage.tab(person, "cookie");
  assert.equal(await app.evaluate(() => window.latchkey.session), null);
  assert.match(await app.evaluate(async () => (await window.latchkey.resume()).userId), /^usr_/);
  assert.equal(await email(app), jane);
  assert.equal(await app.evaluate(() => window.latchkey.signOut()), true);
  await opens();
  const believed = () => pages.evaluate(() => window.latchkey.session !== null);
  assert.equal(await believed(), true, "nobody has told this origin");
  assert.equal(await pages.evaluate(() => window.latchkey.resume()), null);
  assert.equal(await believed(), false);
});

test("cookie is refused to a listed page of another site, and to a page that is not listed", async () => {
  const listed = await stage.tab(person, "cookie", stage.url);
  const asked = (tab) => tab.evaluate(() => window.latchkey.resume().catch(({ code: is, message }) => [is, message]));
  const [is, sentence] = await asked(listed);
  assert.equal(is, "forbidden");
  assert.match(sentence, /session cookie/);
  // The browser hides the answer from such a page, so the client can only say what it may be.
  const unlisted = await stage.tab(person, "cookie", stage.stranger);
  const [offline, why] = await asked(unlisted);
  assert.equal(offline, "offline");
  assert.ok(why.includes(`${stage.stranger}, is not in its CORS_ORIGINS`), why);
});

test("cookie session takes the place of tokens that the app stored before, which end", async () => {
  const before = await stage.tab(person, "local", stage.sister);
  await stage.signIn(before, jane);
  const stored = await before.evaluate(() => Object.entries({ ...localStorage }).find(([, value]) => value.includes("rt_")));
  const { refresh } = JSON.parse(stored[1]);
  const revoked = person.waitForEvent("response", (response) => response.url().endsWith("/revoke/") && response.request().method() === "POST");
  const tab = await stage.tab(person, "cookie");
  await revoked;
  assert.doesNotMatch(await kept(tab), /rt_|eyJ/);
  const init = { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify({ refresh }) };
  assert.equal((await fetch(stage.house.url + REFRESH, init)).status, 401);
});
