// The browser: pages that may not complain, axe in light and dark, pictures at a phone's and a desktop's width.

import assert from "node:assert/strict";
import { mkdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";

const require = createRequire(`${process.env.PAGES_MODULES}/`);
const { chromium } = require("playwright-core");
const AXE = readFileSync(require.resolve("axe-core/axe.min.js"), "utf8");

const SHOTS = process.env.PAGES_SHOTS ?? "target/pages";
mkdirSync(SHOTS, { recursive: true });

export const PHONE = { width: 390, height: 844 };
const DESKTOP = { width: 1280, height: 900 };
const FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update", "--disable-sync"];

export const launch = () => chromium.launch({ executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium", args: FLAGS });

/** Chrome says of every answer that is an error that it is one; the pages show those to people themselves. */
const ORDINARY = /^Failed to load resource: the server responded with a status of 4\d\d/;

/** A page in a profile of its own, which collects what the browser complains about. */
export async function visit(browser, url, options = {}) {
  const context = await browser.newContext({ viewport: PHONE, locale: "en-GB", timezoneId: "Europe/Berlin", ...options });
  context.setDefaultTimeout(15_000);
  await context.grantPermissions(["clipboard-read", "clipboard-write"]);
  const page = await context.newPage();
  listen(page);
  if (url) await page.goto(url);
  return page;
}

/** Another tab of the same visitor. */
export async function anotherTab(page, url) {
  const tab = await page.context().newPage();
  listen(tab);
  await tab.goto(url);
  return tab;
}

function listen(page) {
  page.complaints = [];
  page.on("console", (message) => {
    if (["error", "warning"].includes(message.type()) && !ORDINARY.test(message.text())) page.complaints.push(message.text());
  });
  page.on("pageerror", (error) => page.complaints.push(String(error)));
}

/** No error in the console, no violation of the policy, nothing that axe finds, in light and dark; and a picture of each. */
export async function looksRight(page, name) {
  for (const colorScheme of ["light", "dark"]) {
    await page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
    const found = await violations(page);
    assert.deepEqual(found, [], `${name}, ${colorScheme}`);
    const widths = page.viewportSize().width === PHONE.width ? { phone: PHONE, desktop: DESKTOP } : { own: page.viewportSize() };
    for (const [width, size] of Object.entries(widths)) {
      await page.setViewportSize(size);
      // Beyond a dialog there is nothing to see.
      const fullPage = !(await page.locator("dialog[open]").count());
      await page.screenshot({ path: `${SHOTS}/${name}-${width}-${colorScheme}.png`, fullPage });
      const overflow = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
      assert.equal(overflow, 0, `${name}, ${width}: the page scrolls sideways`);
    }
    await page.setViewportSize(Object.values(widths)[0]);
  }
  await page.emulateMedia({ colorScheme: "light" });
  assert.deepEqual(page.complaints, [], name);
}

async function violations(page) {
  // Not a script element: the pages' policy takes none, and a test must not need a weaker one.
  await page.evaluate(AXE);
  const { violations: found } = await page.evaluate(() => axe.run({ resultTypes: ["violations"] }));
  return found.map(({ id, help, nodes }) => `${id}: ${help}: ${nodes.map(({ html, failureSummary }) => `${html} ${failureSummary}`).join(" | ")}`);
}
