// What stands around the pages: their language, the operator's brand and colour, and what a browser lets them do.

import assert from "node:assert/strict";
import test from "node:test";
import { looksRight, visit } from "./browser.mjs";
import { asks, open, signsIn } from "./visitor.mjs";

const LOGO = "https://cdn.example.com/logo.svg";
const { house, browser } = await open(test,
  "SERVICE_NAME=Acme & <Söhne>", "PAGES_ACCENT=#ffd500", `PAGES_LOGO_URL=${LOGO}`,
  "PAGES_TERMS_URL=https://example.com/terms?a=1&b=2", "PAGES_PRIVACY_URL=https://example.com/privacy", "PAGES_HELP_URL=https://example.com/help");
const DRAWN = '<svg xmlns="http://www.w3.org/2000/svg" width="160" height="48"><rect width="160" height="48" rx="8" fill="#ffd500"/></svg>';

async function visitor(options) {
  const page = await visit(browser, undefined, options);
  await page.route(LOGO, (route) => route.fulfill({ contentType: "image/svg+xml", body: DRAWN }));
  return page;
}

const TITLES = { "en-GB": "Sign in", "de-AT": "Anmelden", "es-MX": "Iniciar sesión", "fr-CA": "Connexion", "pt-BR": "Entrar", "ja-JP": "サインイン", "nl-NL": "Sign in" };
for (const [locale, title] of Object.entries(TITLES)) {
  test(`signing in, for somebody whose browser speaks ${locale}`, async () => {
    const page = await visitor({ locale });
    await page.goto(house.url);
    assert.equal(await page.title(), `${title} · Acme & <Söhne>`);
    const lang = locale.startsWith("nl") ? "en" : locale.slice(0, 2);
    assert.equal(await page.locator("html").getAttribute("lang"), lang);
    await page.getByRole("textbox").first().waitFor();
    await looksRight(page, `frame-${lang}`);
  });
}

test("a language that was chosen wins and is kept, and the code that is waited for is still waited for", async () => {
  const page = await visitor({ locale: "de-DE" });
  await page.goto(house.url);
  await page.getByRole("textbox").first().fill("jane@example.com");
  await page.getByRole("textbox").first().press("Enter");
  await page.locator("input.code").waitFor();
  await page.getByRole("combobox", { name: "Sprache" }).selectOption("fr");
  await page.getByRole("combobox", { name: "Langue" }).waitFor();
  assert.equal(await page.title(), "Connexion · Acme & <Söhne>");
  assert.equal(await page.locator("html").getAttribute("lang"), "fr");
  await page.getByRole("link", { name: "Confidentialité" }).waitFor();
  await page.locator("input.code").waitFor();
  await page.reload();
  assert.equal(await page.locator("html").getAttribute("lang"), "fr");
  assert.equal(await page.getByRole("combobox", { name: "Langue" }).inputValue(), "fr");
  assert.deepEqual(page.complaints, []);
});

test("the brand, the links and the colour are the operator's", async () => {
  const page = await visitor();
  await page.goto(house.url);
  await page.getByRole("img", { name: "Acme & <Söhne>" }).waitFor();
  assert.ok(await page.getByRole("img").evaluate((logo) => logo.naturalWidth > 0), "the policy lets the logo in");
  for (const [name, url] of [["Terms", "terms?a=1&b=2"], ["Privacy", "privacy"], ["Help", "help"]]) {
    assert.equal(await page.getByRole("link", { name }).getAttribute("href"), `https://example.com/${url}`);
  }
  const accent = () => page.evaluate(() => getComputedStyle(document.documentElement).getPropertyValue("--accent"));
  await page.emulateMedia({ colorScheme: "dark" });
  assert.equal(await accent(), "#ffd500");
  await page.emulateMedia({ colorScheme: "light" });
  assert.notEqual(await accent(), "#ffd500", "yellow on white cannot be read");
  await asks(page, "colour@example.com");
  await looksRight(page, "frame-accent-code");
});

test("the account has the brand and the colour too", async () => {
  const page = await visitor();
  await signsIn(house, page, "branded@example.com");
  await page.getByRole("banner").getByText("Acme & <Söhne>").waitFor();
  assert.equal(await page.locator("html").getAttribute("lang"), "en");
  await page.getByRole("contentinfo").getByRole("link", { name: "Terms" }).waitFor();
  await looksRight(page, "frame-account");
});

test("no text becomes a script, and no page is framed", async () => {
  const page = await visit(browser, house.url);
  const refused = await page.evaluate(() => {
    const tries = [
      () => (document.body.innerHTML = "<b>x</b>"),
      () => document.body.insertAdjacentHTML("beforeend", "<b>x</b>"),
      () => (document.createElement("script").text = "1"),
      () => (document.createElement("iframe").srcdoc = "x"),
      () => trustedTypes.createPolicy("mine", { createHTML: (text) => text }),
    ];
    return tries.map((one) => {
      try {
        one();
        return "done";
      } catch (error) {
        return error.name;
      }
    });
  });
  assert.deepEqual(refused, refused.map(() => "TypeError"));
  const frame = await page.evaluate(() => new Promise((settle) => {
    const made = document.createElement("iframe");
    made.src = "/account/";
    made.addEventListener("load", () => settle(made.contentDocument?.title ?? "closed"));
    document.body.append(made);
  }));
  assert.notEqual(frame, "Your account");
});
