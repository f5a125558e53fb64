// Signing in, as a person on a phone does it.

import assert from "node:assert/strict";
import test from "node:test";
import { anotherTab, looksRight, visit } from "./browser.mjs";
import { arrives, asks, codeField, enters, open, signsIn } from "./visitor.mjs";

const { house, browser } = await open(test);
const alert = (page) => page.getByRole("alert").filter({ hasText: /./ });

test("by e-mail", async () => {
  const page = await visit(browser, house.url);
  await looksRight(page, "signin");
  await asks(page, "jane@example.com");
  await looksRight(page, "signin-code");
  await enters(page, await house.code("jane@example.com"));
  await arrives(page);
  assert.equal(await page.getByRole("heading", { level: 2 }).first().textContent(), "jane");
});

test("by phone, with SMS or WhatsApp to choose", async () => {
  const page = await visit(browser, house.url);
  await page.getByLabel("E-mail address or phone number").fill("+1 415 555 0100");
  await looksRight(page, "signin-phone");
  await asks(page, "+1 415 555 0100", { by: "WhatsApp" });
  const [message] = await house.mails("+14155550100");
  assert.equal(message.channel, "whatsapp");
  await enters(page, await house.code("+14155550100"));
  await arrives(page);
  await page.getByRole("button", { name: "Sign out" }).click();
  await page.waitForURL(`${house.url}/`);
  await house.advance(60);
  await asks(page, "+1 415 555 0100", { by: "SMS" });
  assert.equal((await house.mails("+14155550100"))[0].channel, "phone");
});

test("the message is seen to arrive", async () => {
  const page = await visit(browser, house.url);
  await asks(page, "watching@example.com");
  const [message] = await house.mails("watching@example.com");
  await house.report(message.id, "delivered");
  await page.getByRole("status").filter({ hasText: "Delivered" }).waitFor();
  await looksRight(page, "signin-delivered");
});

test("an address that is none is told at once", async () => {
  const page = await visit(browser, house.url);
  await page.getByLabel("E-mail address or phone number").fill("jane@");
  await page.getByRole("button", { name: "Send code" }).click();
  await alert(page).waitFor();
  await looksRight(page, "signin-wrong-address");
});

test("a wrong code is refused, the right one still works", async () => {
  const page = await visit(browser, house.url);
  await asks(page, "mistyped@example.com");
  const right = await house.code("mistyped@example.com");
  await enters(page, right === "000000" ? "000001" : "000000");
  await alert(page).waitFor();
  await looksRight(page, "signin-wrong-code");
  await enters(page, right);
  await arrives(page);
});

test("an expired code is refused, another one is sent and works", async () => {
  const page = await visit(browser, house.url);
  await page.clock.install();
  await asks(page, "late@example.com");
  const old = await house.code("late@example.com");
  await house.advance(601);
  await enters(page, old);
  await alert(page).waitFor();
  await page.clock.fastForward(31_000);
  await page.getByRole("button", { name: "Send again", exact: true }).click();
  await house.settled("late@example.com", 2);
  const fresh = await house.code("late@example.com");
  assert.notEqual(fresh, old);
  await enters(page, fresh);
  await arrives(page);
});

test("a resend waits for its time and brings the same code", async () => {
  const page = await visit(browser, house.url);
  await page.clock.install();
  await asks(page, "again@example.com");
  const waiting = page.getByRole("button", { name: /Send again in/ });
  assert.equal(await waiting.getAttribute("aria-disabled"), "true");
  const first = await house.code("again@example.com");
  await house.advance(31);
  await page.clock.fastForward(31_000);
  await page.getByRole("button", { name: "Send again", exact: true }).click();
  await house.settled("again@example.com", 2);
  assert.equal(await house.code("again@example.com"), first);
  await enters(page, first);
  await arrives(page);
});

test("in Japanese, code and mail too", async () => {
  const page = await visit(browser, house.url, { locale: "ja-JP" });
  await page.getByRole("combobox", { name: "言語" }).filter({ hasText: "日本語" }).waitFor();
  await looksRight(page, "signin-ja");
  await page.getByRole("textbox").first().fill("hana@example.com");
  await page.getByRole("textbox").first().press("Enter");
  await page.locator("input.code").waitFor();
  await looksRight(page, "signin-code-ja");
  const [mail] = await house.mails("hana@example.com");
  assert.match(mail.subject, /サインインコード/);
});

test("a person who was sent here gets back, and nowhere else", async () => {
  const page = await visit(browser, `${house.url}/admin/`);
  await page.waitForURL(`${house.url}/?return_to=*`);
  await asks(page, "boss@example.com");
  await enters(page, await house.code("boss@example.com"));
  await page.waitForURL(`${house.url}/admin/`);
  await page.goto(`${house.url}/?return_to=https://evil.example/`);
  await arrives(page);
});

test("two tabs refresh with one session, and sign out together", async () => {
  const page = await visit(browser);
  await signsIn(house, page, "tabs@example.com");
  const other = await anotherTab(page, `${house.url}/account/`);
  await other.locator("#activity-list > li").first().waitFor();
  await house.advance(20 * 60); // both access tokens are over
  const name = (tab, text) => tab.getByLabel("First name").fill(text);
  await Promise.all([name(page, "Tabea"), name(other, "Tabea")]);
  await Promise.all([page, other].map((tab) => tab.getByRole("button", { name: "Save" }).click()));
  const outcome = (tab) => tab.locator("#profile-done:has-text('Saved'), #conflict:has-text('elsewhere')").waitFor();
  await Promise.all([outcome(page), outcome(other)]);
  const events = await house.desk("events");
  assert.equal(events.filter(({ "detail-type": kind }) => kind === "session.refresh_reused").length, 0);
  await page.getByRole("button", { name: "Sign out" }).click();
  await other.waitForURL(`${house.url}/?return_to=*`);
  assert.deepEqual([...page.complaints, ...other.complaints], []);
});

test("a code field takes what a person pastes", async () => {
  const page = await visit(browser, house.url);
  await asks(page, "pasting@example.com");
  const code = await house.code("pasting@example.com");
  await codeField(page).focus();
  await page.evaluate((text) => navigator.clipboard.writeText(text), `${code.slice(0, 3)} ${code.slice(3)}`);
  await page.keyboard.press("Control+V");
  await arrives(page);
});
