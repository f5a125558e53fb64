// What a visitor does, by the words that stand on the pages.

import { launch, visit } from "./browser.mjs";
import { openHouse } from "./house.mjs";

/** A house and a browser for a file of tests, and both closed after it. */
export async function open(test, ...settings) {
  const house = await openHouse(...settings);
  const browser = await launch();
  test.after(async () => {
    await browser.close();
    await house.close();
  });
  return { house, browser };
}

const address = (page) => page.getByLabel("E-mail address or phone number");
export const codeField = (page) => page.getByRole("textbox", { name: "Code", exact: true });

/** Asks for a code on the sign-in page. */
export async function asks(page, identifier, { by } = {}) {
  await address(page).fill(identifier);
  if (by) await page.getByRole("radio", { name: by }).check();
  await page.getByRole("button", { name: "Send code" }).click();
  await codeField(page).waitFor();
}

/** Types a code digit by digit, as a person does. */
export async function enters(page, code) {
  await codeField(page).clear();
  await codeField(page).pressSequentially(code);
  await codeField(page).press("Enter");
}

/** Signs in on the sign-in page, and is on the account's page then. */
export async function signsIn(house, page, identifier, options) {
  await page.goto(house.url);
  await asks(page, identifier, options);
  await enters(page, await house.code(identifier));
  await arrives(page);
}

export async function arrives(page) {
  await page.waitForURL("**/account/");
  await page.locator("#activity-list > li").first().waitFor();
}

/** A visitor with a name of their own, signed in. */
export async function member(house, browser, name, options) {
  const page = await visit(browser);
  const identifier = `${name}@example.com`;
  await signsIn(house, page, identifier, options);
  return { page, identifier };
}

/** Where a file of the page is, by the name that it has without its hash. */
export const asset = (page, name) =>
  page.evaluate((wanted) => {
    const files = [...document.querySelectorAll("link[href], script[src]")].map((file) => file.href ?? file.src);
    return files.find((file) => file.replace(/\.[0-9a-f]{16}(?=\.\w+$)/, "").endsWith(`/assets/${wanted}`));
  }, name);

export const section = (page, name) => page.getByRole("region", { name, exact: true });
