import assert from "node:assert/strict";
import { test } from "node:test";

import { journeys } from "./journeys.mjs";

const app = journeys("next");

test("next: a person signs in and out by the forms", async () => {
  const tab = await app().visitor();
  await tab.getByLabel("E-mail address").fill("emil@example.com");
  await tab.getByRole("button", { name: "Send code" }).click();
  await tab.getByLabel("Code").waitFor();
  const code = await app().house.code("emil@example.com");
  await tab.getByLabel("Code").fill(code === "000000" ? "000001" : "000000");
  await tab.getByRole("button", { name: "Sign in" }).click();
  await tab.getByRole("alert").filter({ hasText: /code/i }).waitFor();
  await tab.getByLabel("Code").fill(code);
  await tab.getByRole("button", { name: "Sign in" }).click();
  await tab.getByRole("heading", { name: "Hello, emil" }).waitFor();
  await tab.getByRole("button", { name: "Sign out", exact: true }).click();
  await tab.getByLabel("E-mail address").waitFor();
  assert.equal((await tab.context().cookies(app().origin)).some(({ name }) => name.includes("session")), false);
});
