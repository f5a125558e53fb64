import assert from "node:assert/strict";
import { test } from "node:test";

import { journeys } from "./journeys.mjs";

const app = journeys("hono", { changing: ["/notes"] });

test("hono: the app's own route is for its own pages", async () => {
  const tab = await app().visitor();
  const note = () => tab.evaluate(async () => (await fetch("/notes", { method: "POST" })).status);
  assert.equal(await note(), 401);
  await app().signIn(tab, "fred@example.com");
  assert.equal(await note(), 200);
});
