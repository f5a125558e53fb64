// The figures: for admins only, equal to what the API says, and readable without seeing a chart.

import assert from "node:assert/strict";
import test from "node:test";
import { looksRight, visit } from "./browser.mjs";
import { crowd } from "./crowd.mjs";
import { member, open, section } from "./visitor.mjs";

const { house, browser } = await open(test);
await crowd(house, { users: 60, days: 40 });

async function admin(name) {
  const { page } = await member(house, browser, name);
  const user = await page.evaluate(async () => {
    const { createLatchkey } = await import("/_local/pages/latchkey.js");
    return createLatchkey({ baseUrl: "/", storage: "cookie" }).session.userId;
  });
  await house.makeAdmin(user);
  return page;
}

const drawn = (page) => page.locator("#codes table").first().waitFor({ state: "attached" });
const numbers = (region) => region.getByRole("definition").allTextContents();

test("an account without the role is told how to get it", async () => {
  const { page, identifier } = await member(house, browser, "visitor");
  await page.goto(`${house.url}/admin/`);
  await page.getByRole("heading", { name: "Figures are for admins" }).waitFor();
  await page.getByText(`cargo run -p latchkey -- users grant ${identifier} admin --local ${house.url}`).waitFor();
  await looksRight(page, "admin-refused");
  await page.getByRole("button", { name: "Copy the command" }).click();
  await page.getByText("Copied.").waitFor();
});

test("the figures are those of the API", async () => {
  const page = await admin("boss");
  await page.reload();
  await page.getByRole("link", { name: "Admin" }).click();
  await drawn(page);
  const access = await page.evaluate(async () => {
    const { createLatchkey } = await import("/_local/pages/latchkey.js");
    return createLatchkey({ baseUrl: "/", storage: "cookie" }).accessToken();
  });
  const ask = (path) => house.api(`analytics/${path}`, undefined, { access });
  const active = await Promise.all([1, 7, 30].map((days) => ask(`active/?days=${days}`)));
  assert.deepEqual(await numbers(section(page, "Active users")), active.map(({ active_users: users }) => String(users)));
  const days = (await ask("registrations/?limit=100")).results;
  const total = days.reduce((sum, day) => sum + day.total, 0);
  assert.equal((await numbers(section(page, "Registrations")))[0], String(total));
  await section(page, "Registrations").getByRole("img", { name: `${total} registrations in 30 days` }).waitFor();
  const { totals } = await ask("otp/?limit=100");
  assert.equal((await numbers(section(page, "Codes")))[0], String(totals.sent));
  const [first] = (await ask("sources/")).results;
  await section(page, "Users by source").getByRole("listitem").filter({ hasText: `${first.source.name}${first.users}` }).first().waitFor();
  await looksRight(page, "admin");
});

test("a chart's table has its figures", async () => {
  const page = await admin("reader");
  await page.goto(`${house.url}/admin/?days=90`);
  await drawn(page);
  const registrations = section(page, "Registrations");
  await registrations.getByText("As a table").click();
  const cells = await registrations.getByRole("row").locator("td:nth-child(2)").allTextContents();
  const sum = cells.reduce((all, cell) => all + Number(cell), 0);
  assert.equal(String(sum), (await numbers(registrations))[0]);
  await looksRight(page, "admin-table");
});

test("days are chosen, stand in the address, and wrong ones are told", async () => {
  const page = await admin("chooser");
  await page.goto(`${house.url}/admin/`);
  await drawn(page);
  await page.getByRole("radio", { name: "7 days" }).check();
  await section(page, "Registrations").getByRole("img", { name: /in 7 days/ }).waitFor();
  assert.match(page.url(), /\?days=7$/);
  await page.getByRole("radio", { name: "Other" }).check();
  await page.getByLabel("From").fill("2026-03-01");
  await page.getByLabel("To", { exact: true }).fill("2026-02-01");
  await page.getByRole("button", { name: "Show", exact: true }).click();
  await page.getByText("The first day is after the last one.").waitFor();
  await looksRight(page, "admin-wrong-days");
  await page.getByLabel("To", { exact: true }).fill("2026-03-10");
  await page.getByRole("button", { name: "Show", exact: true }).click();
  await section(page, "Registrations").getByRole("img", { name: /in 10 days/ }).waitFor();
  await page.reload();
  await section(page, "Registrations").getByRole("img", { name: /in 10 days/ }).waitFor();
});

test("addresses are masked until they are asked for, and more come on demand", async () => {
  const page = await admin("curious");
  await page.goto(`${house.url}/admin/?days=90`);
  await drawn(page);
  const users = section(page, "New users");
  assert.equal(await users.getByText("curious@example.com").count(), 0);
  await users.getByText("c…@example.com").first().waitFor();
  await users.getByRole("button", { name: "Show addresses" }).click();
  await users.getByText("curious@example.com").waitFor();
  const before = await users.getByRole("row").count();
  await users.getByRole("button", { name: "Show more" }).click();
  await users.getByRole("row").nth(before).waitFor();
  await looksRight(page, "admin-users");
});

test("who is not signed in is led to the sign-in page", async () => {
  const page = await visit(browser, `${house.url}/admin/`);
  await page.waitForURL(`${house.url}/?next=*`);
});
