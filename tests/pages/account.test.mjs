// The account's page: who one is, how one is reached, where one is signed in.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import test from "node:test";
import { anotherTab, looksRight } from "./browser.mjs";
import { photo } from "./photo.mjs";
import { codeField, member, open, section, signsIn } from "./visitor.mjs";

const { house, browser } = await open(test);
const dialog = (page) => page.getByRole("dialog");
const OLD = 11 * 60; // a sign-in is recent for ten minutes

test("names, bio, language and time zone are saved", async () => {
  const { page } = await member(house, browser, "jane");
  await looksRight(page, "account");
  await page.getByLabel("First name").fill("Jane ");
  await page.getByLabel("Last name").fill("Doe");
  await page.getByLabel("About you").fill("Keeps bees.");
  await page.getByLabel("Language").selectOption("ja");
  await page.getByLabel("Time zone").selectOption("Asia/Tokyo");
  await page.getByRole("button", { name: "Save" }).click();
  await page.getByText("Saved.").waitFor();
  await looksRight(page, "account-saved");
  await page.reload();
  await page.getByRole("heading", { name: "Jane Doe" }).waitFor();
  assert.equal(await page.getByLabel("First name").inputValue(), "Jane");
  assert.equal(await page.getByLabel("Time zone").inputValue(), "Asia/Tokyo");
  assert.equal(await page.getByLabel("Language").inputValue(), "ja");
  await section(page, "Activity").getByText("Profile changed").waitFor();
});

test("what cannot be saved is told at its field", async () => {
  const { page } = await member(house, browser, "verbose");
  await page.getByLabel("About you").fill("a".repeat(501));
  await page.getByRole("button", { name: "Save" }).click();
  await page.locator("#profile-form .wrong").waitFor();
  assert.equal(await page.getByLabel("About you").getAttribute("aria-invalid"), "true");
  await looksRight(page, "account-wrong");
});

test("a change from elsewhere is not written over unseen", async () => {
  const { page } = await member(house, browser, "twice");
  const other = await anotherTab(page, `${house.url}/account/`);
  await other.getByLabel("First name").fill("Other");
  await other.getByRole("button", { name: "Save" }).click();
  await other.getByText("Saved.").waitFor();
  await page.getByLabel("First name").fill("Mine");
  await page.getByRole("button", { name: "Save" }).click();
  await page.getByText("changed elsewhere").waitFor();
  await looksRight(page, "account-conflict");
  await page.getByRole("button", { name: "Take what is there" }).click();
  assert.equal(await page.getByLabel("First name").inputValue(), "Other");
  await other.getByLabel("First name").fill("Again");
  await other.getByRole("button", { name: "Save" }).click();
  await other.getByRole("heading", { name: "Again" }).waitFor();
  await page.getByLabel("First name").fill("Mine");
  await page.getByRole("button", { name: "Save" }).click();
  await page.getByRole("button", { name: "Save mine" }).click();
  await page.getByRole("heading", { name: "Mine" }).waitFor();
});

test("a picture is cropped by keys and by pointer, sent, and removed", async () => {
  const { page } = await member(house, browser, "pictured");
  const choosing = page.waitForEvent("filechooser");
  await page.getByRole("button", { name: "Add a picture" }).click();
  await (await choosing).setFiles({ name: "me.jpg", mimeType: "image/jpeg", buffer: await photo(browser) });
  await dialog(page).waitFor();
  await looksRight(page, "account-crop");
  const area = page.getByRole("application");
  const before = await pixels(page);
  await area.press("+");
  await area.press("+");
  await area.press("ArrowRight");
  const zoom = page.getByRole("slider", { name: "Zoom" });
  assert.ok(Number(await zoom.inputValue()) > 1.1);
  assert.notEqual(await pixels(page), before);
  const box = await area.boundingBox();
  const byKeys = await pixels(page);
  await page.mouse.move(box.x + 150, box.y + 150);
  await page.mouse.down();
  await page.mouse.move(box.x + 120, box.y + 140, { steps: 3 });
  await page.mouse.up();
  assert.notEqual(await pixels(page), byKeys);
  await page.getByRole("button", { name: "Use this picture" }).click();
  await page.getByText("Your picture was changed.").waitFor();
  const picture = page.getByRole("img", { name: "Your picture" });
  await page.waitForFunction(() => document.querySelector("#picture img")?.naturalWidth === 256);
  assert.match(await picture.getAttribute("src"), /\/_local\/avatars\//);
  await looksRight(page, "account-picture");
  assert.equal(await page.getByRole("button", { name: "Change picture" }).count(), 1);
  await page.getByRole("button", { name: "Remove picture" }).click();
  await page.getByText("Your picture was removed.").waitFor();
  assert.equal(await picture.count(), 0);
});

const pixels = (page) => page.evaluate(() => document.querySelector(".crop canvas").toDataURL());

test("a file that is no picture is told", async () => {
  const { page } = await member(house, browser, "unpictured");
  await page.locator("#file").setInputFiles({ name: "me.jpg", mimeType: "image/jpeg", buffer: Buffer.from("no picture") });
  await page.getByText("This file is no picture").waitFor();
  await looksRight(page, "account-no-picture");
});

test("an address is added after the person confirmed that it is they, and removed", async () => {
  const { page, identifier } = await member(house, browser, "reachable");
  await house.advance(OLD);
  await page.getByRole("button", { name: "Add phone number" }).click();
  await page.getByLabel("New phone number").fill("+1 415 555 0142");
  await looksRight(page, "account-address");
  await page.getByRole("button", { name: "Send a code there" }).click();
  await dialog(page).waitFor();
  await looksRight(page, "account-confirm");
  await dialog(page).getByRole("button", { name: "Send a code by e-mail" }).click();
  await codeField(dialog(page)).waitFor();
  await looksRight(page, "account-confirm-code");
  await codeField(dialog(page)).fill(await house.code(identifier));
  await dialog(page).getByRole("button", { name: "Confirm", exact: true }).click();
  const addresses = section(page, "Addresses");
  await codeField(addresses).waitFor();
  await looksRight(page, "account-address-code");
  await codeField(addresses).fill("000000");
  await addresses.getByRole("button", { name: "Confirm", exact: true }).click();
  await addresses.getByText("That code is not right").waitFor();
  await codeField(addresses).fill(await house.code("+14155550142"));
  await addresses.getByRole("button", { name: "Confirm", exact: true }).click();
  await addresses.getByText("Phone number saved.").waitFor();
  await addresses.getByText("+14155550142").waitFor();
  await looksRight(page, "account-addresses");
  await addresses.getByRole("button", { name: "Remove e-mail address" }).click();
  await looksRight(page, "account-remove-address");
  await dialog(page).getByRole("button", { name: "Remove" }).click();
  await addresses.getByText("E-mail address removed.").waitFor();
  assert.equal(await addresses.getByRole("button", { name: /^Remove/ }).count(), 0);
});

test("an address is changed, and the old one is told", async () => {
  const { page, identifier } = await member(house, browser, "moving");
  const addresses = section(page, "Addresses");
  await page.getByRole("button", { name: "Change e-mail address" }).click();
  await page.getByLabel("New e-mail address").fill("moved@example.com");
  await page.getByRole("button", { name: "Send a code there" }).click();
  await codeField(addresses).waitFor();
  await codeField(addresses).fill(await house.code("moved@example.com"));
  await addresses.getByRole("button", { name: "Confirm", exact: true }).click();
  await addresses.getByText("E-mail address saved.").waitFor();
  await addresses.getByText("moved@example.com", { exact: true }).waitFor();
  assert.ok((await house.mails(identifier)).some(({ subject }) => /was changed/.test(subject)));
});

test("sessions are listed, one is ended, then all others", async () => {
  const { page, identifier } = await member(house, browser, "everywhere");
  for (let device = 0; device < 3; device += 1) {
    await house.advance(31);
    await house.signIn(identifier);
  }
  await page.reload();
  const sessions = section(page, "Sessions");
  await sessions.getByRole("listitem").nth(3).waitFor();
  await looksRight(page, "account-sessions");
  await sessions.getByRole("button", { name: /^End the session/ }).first().click();
  await sessions.getByText("The session was ended.").waitFor();
  assert.equal(await sessions.getByRole("listitem").count(), 3);
  await sessions.getByRole("button", { name: "End all other sessions" }).click();
  await sessions.getByText("All other sessions were ended.").waitFor();
  assert.equal(await sessions.getByRole("listitem").count(), 1);
});

test("activity comes a page at a time", async () => {
  const { page } = await member(house, browser, "busy");
  for (const name of "abcdefghijkl") {
    await page.getByLabel("First name").fill(name);
    await page.getByRole("button", { name: "Save" }).click();
    await page.getByRole("heading", { name, exact: true }).waitFor();
  }
  await page.reload();
  const activity = section(page, "Activity");
  await activity.getByRole("button", { name: "Show more" }).click();
  await activity.getByRole("listitem").nth(12).waitFor();
  await activity.getByText("Signed in by e-mail").waitFor();
  assert.equal(await activity.getByRole("button", { name: "Show more" }).count(), 0);
  await looksRight(page, "account-activity");
});

test("everything that is held can be taken along", async () => {
  const { page, identifier } = await member(house, browser, "leaving");
  const downloading = page.waitForEvent("download");
  await page.getByRole("button", { name: "Download my data" }).click();
  const download = await downloading;
  const held = JSON.parse(await readFile(await download.path(), "utf8"));
  assert.equal(held.profile.email, identifier);
  assert.equal(held.sessions.items.length, 1);
});

test("an account is erased, kept, and erased for good", async () => {
  const { page, identifier } = await member(house, browser, "going");
  await page.getByRole("button", { name: "Erase my account" }).click();
  await looksRight(page, "account-erase");
  await dialog(page).getByRole("button", { name: "Erase my account" }).click();
  await page.getByText("Your account is going to be erased on").waitFor();
  await looksRight(page, "account-erase-asked");
  await dialog(page).getByRole("button", { name: "To the sign-in page" }).click();
  await page.waitForURL(`${house.url}/`);
  await house.advance(31);
  await signsIn(house, page, identifier);
  await page.getByText("This account is going to be erased on").waitFor();
  await looksRight(page, "account-erasing");
  await page.getByRole("button", { name: "Keep my account" }).click();
  await page.getByText("Your account stays.").waitFor();
  assert.equal(await page.getByText("This account is going to be erased on").isVisible(), false);
  await house.advance(OLD);
  await page.getByRole("button", { name: "Erase my account" }).click();
  await dialog(page).getByRole("button", { name: "Erase my account" }).click();
  await dialog(page).getByRole("button", { name: "Send a code by e-mail" }).click();
  await codeField(dialog(page)).waitFor();
  await codeField(dialog(page)).fill(await house.code(identifier));
  await dialog(page).getByRole("button", { name: "Confirm", exact: true }).click();
  await page.getByText("Your account is going to be erased on").waitFor();
  await dialog(page).getByRole("button", { name: "To the sign-in page" }).click();
  await page.waitForURL(`${house.url}/`);
  await house.advance(31 * 86_400);
  await house.happened("user.erased"); // a code that is asked for in the middle of it may go with the rest
  await signsIn(house, page, identifier);
  assert.equal(await page.getByText("This account is going to be erased on").isVisible(), false);
  assert.equal((await house.mails(identifier)).filter(({ subject }) => /^Welcome/.test(subject)).length, 2);
});

test("dialogs keep the keyboard's focus, and give it back", async () => {
  const { page } = await member(house, browser, "keyboard");
  const erase = page.getByRole("button", { name: "Erase my account" });
  await erase.focus();
  await page.keyboard.press("Enter");
  await dialog(page).waitFor();
  for (let tabs = 0; tabs < 4; tabs += 1) {
    assert.ok(await page.evaluate(() => document.activeElement === document.body || Boolean(document.activeElement.closest("dialog"))));
    await page.keyboard.press("Tab");
  }
  await page.keyboard.press("Escape");
  await dialog(page).waitFor({ state: "detached" });
  assert.equal(await erase.evaluate((button) => button === document.activeElement), true);
});

test("a session that was ended elsewhere leads back to the sign-in page", async () => {
  const { page, identifier } = await member(house, browser, "thrown-out");
  await house.advance(31);
  const { tokens } = await house.signIn(identifier);
  await fetch(`${house.url}/api/auth/sessions/`, { method: "DELETE", headers: { authorization: `Bearer ${tokens.access}` } });
  await page.getByLabel("First name").fill("Nobody");
  await page.getByRole("button", { name: "Save" }).click();
  await page.waitForURL(`${house.url}/?next=*`);
});

test("a service that does not answer is told, and what was typed stays", async () => {
  const { page } = await member(house, browser, "offline");
  await page.route("**/api/profile/", (route) => route.abort());
  await page.getByLabel("First name").fill("Typed");
  await page.getByRole("button", { name: "Save" }).click();
  await page.getByText("The service does not answer.").waitFor();
  assert.equal(await page.getByLabel("First name").inputValue(), "Typed");
});
