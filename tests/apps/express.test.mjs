import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { App } from "./app.mjs";

let app;
before(async () => (app = await App.open("express")));
after(() => app.close());

test("express: a person signs in, is refreshed once by twenty requests, and signs out", async () => {
  const tab = await app.visitor();
  assert.match(await tab.content(), /Nobody is signed in/);
  await app.signIn(tab, "gina@example.com");
  assert.match(await tab.content(), /Hello, gina/);
  await app.pass();
  const rotations = await app.house.rotations(async () => {
    const texts = await tab.evaluate(() => Promise.all(Array.from({ length: 20 }, async () => (await fetch("/", { cache: "no-store" })).text())));
    assert.deepEqual(new Set(texts), new Set(["Hello, gina"]));
  });
  assert.equal(rotations, 1);
  const post = (headers) => tab.evaluate(async (more) => (await fetch("/auth/sign-out", { method: "POST", headers: more })).status, headers);
  assert.equal(await post({}), 200);
  await tab.reload();
  assert.match(await tab.content(), /Nobody is signed in/);
});

test("express: what no page of the app has sent is refused, and a large body too", async () => {
  const send = (headers, body = "{}") => fetch(`${app.origin}/auth/code`, { method: "POST", headers: { "Content-Type": "application/json", ...headers }, body });
  assert.equal((await send({})).status, 403);
  assert.equal((await send({ Origin: "https://evil.example" })).status, 403);
  assert.equal((await send({ Origin: app.origin })).status, 422);
  assert.equal((await send({ Origin: app.origin }, JSON.stringify({ identifier: "x".repeat(100_000) }))).status, 413);
});
