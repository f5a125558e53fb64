// What must hold of an app, whatever it is made with.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { App } from "./app.mjs";

const hello = (tab) => tab.getByRole("heading", { name: /^Hello, / });
const name = async (tab) => (await hello(tab).textContent()).replace("Hello, ", "");
/** A refresh token, a device token, or a JWT. */
const TOKEN = /\b(?:rt|dev)_[\w-]{40,}|\beyJ[\w-]{20,}/;
const post = (tab, path) =>
  tab.evaluate(async (to) => (await fetch(to, { method: "POST", headers: { "Content-Type": "application/json" }, body: "{}" })).status, path);

/** Everything that a script finds on the page, and all that the app has answered. */
async function readable(tab) {
  const kept = await tab.evaluate(async () => {
    const databases = (await indexedDB.databases()).map((one) => one.name);
    return JSON.stringify([document.cookie, { ...localStorage }, { ...sessionStorage }, databases, document.documentElement.outerHTML]);
  });
  return [kept, ...(await Promise.all(tab.context().bodies))].join("\n");
}

export function journeys(kind, { changing = [] } = {}) {
  let app;
  before(async () => (app = await App.open(kind)));
  after(() => app.close());

  test(`${kind}: a person signs in, reloads, and opens a second tab; no script finds a token`, async () => {
    const tab = await app.visitor();
    await app.signIn(tab, "anna@example.com");
    assert.equal(await name(tab), "anna");
    await tab.reload();
    assert.equal(await name(tab), "anna");
    assert.equal(await name(await app.tab(tab.context())), "anna");
    await app.pass();
    await tab.reload();
    assert.equal(await name(tab), "anna", "after a refresh");
    assert.equal(TOKEN.exec(await readable(tab)), null);
    const cookies = await tab.context().cookies(app.origin);
    assert.deepEqual(new Set(cookies.map(({ httpOnly, sameSite }) => `${httpOnly} ${sameSite}`)), new Set(["true Lax"]));
    await tab.context().close();
  });

  test(`${kind}: twenty requests at expiry refresh once, in one tab and in two`, async () => {
    const one = await app.visitor();
    await app.signIn(one, "bert@example.com");
    const two = await app.tab(one.context());
    const many = (tab, count) =>
      tab.evaluate(async (n) => {
        const answers = await Promise.all(Array.from({ length: n }, () => fetch("/", { cache: "no-store" })));
        return (await Promise.all(answers.map((answer) => answer.text()))).filter((text) => /Hello,\s*(?:<!-- -->)?\s*bert/.test(text)).length;
      }, count);
    for (const shares of [[20], [10, 10], [20]]) {
      await app.pass();
      const rotations = await app.house.rotations(async () => {
        const found = await Promise.all(shares.map((share, n) => many([one, two][n], share)));
        assert.deepEqual(found, shares);
      });
      assert.equal(rotations, 1, JSON.stringify(shares));
    }
    await app.pass();
    await Promise.all([one.reload(), two.reload()]);
    assert.deepEqual([await name(one), await name(two)], ["bert", "bert"]);
    await one.context().close();
  });

  test(`${kind}: who signs out in one tab has in the other, and everywhere where they want it so`, async () => {
    const [here, there] = [await app.visitor(), await app.visitor()];
    await app.signIn(there, "cleo@example.com");
    await app.pass();
    await app.signIn(here, "cleo@example.com");
    const second = await app.tab(here.context());
    assert.equal(await post(here, "/auth/sign-out-everywhere"), 200);
    await second.reload();
    await here.reload();
    assert.deepEqual([await hello(here).count(), await hello(second).count()], [0, 0]);
    await app.pass();
    await there.reload();
    assert.equal(await hello(there).count(), 0, "the other browser's session is over");
    const left = await there.context().cookies(app.origin);
    assert.deepEqual(left.filter(({ name: is }) => is.includes("session")), [], "and its cookie is gone");
    await Promise.all([here, there].map((tab) => tab.context().close()));
  });

  test(`${kind}: another site, and another origin of this one, change nothing`, async () => {
    const tab = await app.visitor();
    const user = await app.signIn(tab, "dora@example.com");
    const routes = ["/auth/code", "/auth/verify", "/auth/sign-out", "/auth/sign-out-everywhere", ...changing];
    for (const isSameSite of [false, true]) {
      const stranger = await tab.context().newPage();
      const statuses = [];
      stranger.on("response", (response) => {
        if (response.url().startsWith(app.origin) && response.request().method() === "POST") statuses.push(response.status());
      });
      const page = await app.stranger(isSameSite);
      await stranger.goto(page);
      for (const route of routes) {
        const refused = await stranger.evaluate(async (to) => {
          const with_ = (init) => fetch(to, { method: "POST", credentials: "include", ...init });
          await with_({ mode: "no-cors", body: "{}" });
          await with_({ mode: "no-cors", body: new URLSearchParams({ identifier: "dora@example.com" }) });
          const json = { "Content-Type": "application/json" };
          return Promise.all([with_({ headers: json, body: "{}" }), with_({ body: "{}" })].map((sent) => sent.then(() => false, () => true)));
        }, app.origin + route);
        assert.deepEqual(refused, [true, true], `${route}: no answer can be read`);
        await stranger.evaluate((to) => {
          const form = Object.assign(document.createElement("form"), { method: "post", action: to });
          document.body.append(form);
          form.submit();
        }, app.origin + route);
        await stranger.waitForURL(app.origin + route);
        await stranger.goto(page);
      }
      // The browser tells of no answer that it hides.
      assert.ok(statuses.length >= routes.length * 3, `${statuses}`);
      assert.deepEqual(new Set(statuses), new Set([403]));
      await stranger.close();
    }
    await tab.reload();
    assert.equal(await name(tab), "dora");
    const now = await tab.evaluate(async () => (await (await fetch("/auth/session")).json()).user);
    assert.equal(now.id, user.id);
    await tab.context().close();
  });

  return () => app;
}
