// The outbox and the mails in it, in light and dark, and the documentation's page.

import assert from "node:assert/strict";
import test from "node:test";
import { looksRight, visit } from "./browser.mjs";
import { open } from "./visitor.mjs";

const { house, browser } = await open(test);

test("an empty outbox says where to begin", async () => {
  const page = await visit(browser, `${house.url}/_local/`);
  await page.getByText("Nothing here yet.").waitFor();
  await looksRight(page, "outbox-empty");
});

test("messages appear by themselves, with their code to copy", async () => {
  const page = await visit(browser, `${house.url}/_local/`);
  await house.signIn("jane@example.com");
  await house.signIn("+14155550100");
  const code = await house.code("jane@example.com");
  const message = page.getByRole("article").filter({ hasText: "is your Latchkey sign-in code" });
  await message.getByRole("button", { name: code }).click();
  assert.equal(await page.evaluate(() => navigator.clipboard.readText()), code);
  await looksRight(page, "outbox");
});

test("a mail is shown as text and as HTML in light and dark", async () => {
  await house.signIn("reader@example.com");
  const page = await visit(browser, `${house.url}/_local/`);
  await page.getByRole("searchbox").fill("reader@example.com");
  const message = page.getByRole("article").filter({ hasText: "reader@example.com" }).filter({ hasText: "is your Latchkey sign-in code" });
  await message.getByText("Message", { exact: true }).click();
  await message.getByText("If you did not ask for a code").waitFor();
  for (const [scheme, colour] of [["light", "rgb(243, 244, 246)"], ["dark", "rgb(22, 24, 29)"]]) {
    await message.getByRole("radio", { name: `HTML ${scheme}` }).check();
    const body = page.frameLocator("iframe").locator("body");
    await body.getByText("sign-in code").waitFor();
    assert.equal(await body.evaluate((element) => getComputedStyle(element).backgroundColor), colour);
    await looksRight(page, `outbox-mail-${scheme}`);
  }
});

test("the provider reports what it is told to", async () => {
  await house.signIn("bouncing@example.com");
  const page = await visit(browser, `${house.url}/_local/`);
  const message = page.getByRole("article").filter({ hasText: "bouncing@example.com" }).last();
  await message.getByText("Message", { exact: true }).click();
  await message.getByLabel("Have the provider report").selectOption("Bounced");
  await message.getByRole("button", { name: "Report" }).click();
  await message.getByText("The webhook answered 200.").waitFor();
  await message.locator(".tag.bad").waitFor();
});

test("the clock is moved", async () => {
  const page = await visit(browser, `${house.url}/_local/`);
  const before = Date.parse((await house.desk("clock")).now);
  await page.getByRole("button", { name: "+ 10 minutes" }).click();
  await page.waitForFunction(async (then) => {
    const { now } = await (await fetch("/_local/clock")).json();
    return Date.parse(now) - then >= 600_000;
  }, before);
});

test("the API's page", async () => {
  const page = await visit(browser, `${house.url}/docs/`);
  await page.getByRole("heading", { name: "Accounts" }).or(page.locator(".route")).first().waitFor();
  await looksRight(page, "docs");
});
