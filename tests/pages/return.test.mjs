// Where the sign-in page leads: every trick of an address, decided by a browser's own parser, and some of them for real.

import assert from "node:assert/strict";
import test from "node:test";
import { visit } from "./browser.mjs";
import { arrives, asks, asset, enters, open, signsIn } from "./visitor.mjs";

const { house, browser } = await open(test, "CORS_ORIGINS=http://localhost:5173,https://localhost:5174,http://app.localhost:5175,https://evil.example");
const page = await visit(browser, house.url);
const script = await asset(page, "parts/return-to.js");

/** Where each of these values leads on a page of this origin, for which the server named these origins. */
const destinations = (origin, allowed, values) =>
  page.evaluate(async ([module, from, named, wanted]) => {
    const { destination } = await import(module);
    return wanted.map((value) => destination({ origin: from, search: `?${new URLSearchParams({ return_to: value })}` }, named));
  }, [script, origin, allowed, values]);

const OURS = "https://id.example.com";
const ALLOWED = { origins: `${OURS} https://app.example.com https://example.com:8443 https://xn--bcher-kva.example.com` };
const ACCOUNT = `${OURS}/account/`;
const LONGEST = `/${"a".repeat(2_047)}`;

const TAKEN = {
  "/admin/": `${OURS}/admin/`,
  "/account/?a=b#sessions": `${OURS}/account/?a=b#sessions`,
  "account/": `${OURS}/account/`,
  "/oauth/authorize/?client_id=x&state=%2f%2fevil.example": `${OURS}/oauth/authorize/?client_id=x&state=%2f%2fevil.example`,
  "/%2f%2fevil.example": `${OURS}/%2f%2fevil.example`,
  "%2f%2fevil.example": `${OURS}/%2f%2fevil.example`,
  "https:evil": `${OURS}/evil`,
  "https:/evil": `${OURS}/evil`,
  "/a/../admin/": `${OURS}/admin/`,
  "/a//evil.example": `${OURS}/a//evil.example`,
  "/a\\..\\b": `${OURS}/b`,
  "  /admin/ ": `${OURS}/admin/`,
  "/ad\tm\nin/": `${OURS}/admin/`,
  "/?keep=x@evil.example:y": ACCOUNT,
  "//id.example.com/admin/": `${OURS}/admin/`,
  "https://ID.Example.COM:443/admin/": `${OURS}/admin/`,
  "https://@id.example.com/admin/": `${OURS}/admin/`,
  "https://id.ex\tample.com/admin/": `${OURS}/admin/`,
  "https://app.example.com/x?y#z": "https://app.example.com/x?y#z",
  "https://app.example.com": "https://app.example.com/",
  "https://app.example.com/\\evil.example": "https://app.example.com//evil.example",
  "https://app.example.com?@evil.example": "https://app.example.com/?@evil.example",
  "https://app.example.com#@evil.example": "https://app.example.com/#@evil.example",
  "https://example.com:8443/": "https://example.com:8443/",
  "https://bücher.example.com/": "https://xn--bcher-kva.example.com/",
  [LONGEST]: OURS + LONGEST,
};

const REFUSED = [
  "", "/", "/?a", "#a",
  // Another host by an address that looks like a path.
  "//evil.example", "//evil.example/", "///evil.example", "////evil.example", "\\\\evil.example", "/\\evil.example", "\\/evil.example",
  "/\t/evil.example", "/\n/evil.example", "/\r/evil.example", "\t//evil.example", " //evil.example", "\u0000//evil.example", "/\t\\evil.example",
  "https:\\\\evil.example", "https:/\\evil.example", "https:///evil.example", "ht\ntps://evil.example", "\u0001https://evil.example",
  "https://evil.example", "HTTPS://EVIL.EXAMPLE", "http:evil.example", "http:/evil.example", "http://evil.example",
  // Another scheme.
  "javascript:alert(1)", "JaVaScRiPt:alert(1)", "java\nscript:alert(1)", "\tjavascript:alert(1)", "javascript://id.example.com/%0aalert(1)",
  "data:text/html,x", "vbscript:x", "file:///etc/passwd", "about:blank", "ws://id.example.com/", "wss://id.example.com/", "ftp://id.example.com/",
  `blob:${OURS}/0b0e`, `filesystem:${OURS}/temporary/x`, `view-source:${OURS}/`, `intent://id.example.com/#Intent;scheme=https;end`,
  // Credentials.
  "https://user@id.example.com/", "https://user:secret@id.example.com/", "https://:secret@id.example.com/", "//user@id.example.com/",
  "https://id.example.com@evil.example/", "https://id.example.com%40evil.example/", "https://id.example.com:443@evil.example/", "https://user@app.example.com/",
  // Hosts that look like ours.
  "https://id.example.com.evil.example/", "https://evil-id.example.com/", "https://id.example.com./", "https://app.example.com./", "https://evilapp.example.com/",
  "https://id.example.com\\.evil.example/".replace("\\", "%5c"), "https://id。example。com.evil.example/", "https://іd.example.com/", "https://xn--d-pvb.example.com/",
  "https://id.example.com:8443/", "https://app.example.com:444/", "https://example.com/", "https://example.com:8444/", "https://app.example.com:99999/",
  "http://id.example.com/", "http://app.example.com/", "https://localhost/", "https://127.0.0.1/", "https://[::1]/", "https://2130706433/",
  // Nothing that a browser reads.
  "https://", "https://[", "https://a b/", "//", "http://%00/", "https://%zz/",
  `${LONGEST}a`, `${OURS}/${"a".repeat(2_048)}`,
];

test("an address of ours is taken as a browser reads it, and nothing is added", async () => {
  const found = await destinations(OURS, ALLOWED, Object.keys(TAKEN));
  assert.deepEqual(Object.fromEntries(Object.keys(TAKEN).map((value, n) => [value, found[n]])), TAKEN);
});

test("everything else leads to the account", async () => {
  const found = await destinations(OURS, ALLOWED, REFUSED);
  assert.deepEqual(REFUSED.filter((_, n) => found[n] !== ACCOUNT), []);
});

test("an address that stands twice, or under another name, is none", async () => {
  const searches = ["", "?", "?return_to", "?return_to=/admin/&return_to=/admin/", "?return_to=/admin/&return_to=", "?next=/admin/", "?Return_To=/admin/", "?return_to[]=/admin/", "#return_to=/admin/"];
  const found = await page.evaluate(async ([module, origin, allowed, all]) => {
    const { destination } = await import(module);
    return all.map((search) => destination({ origin, search }, allowed));
  }, [script, OURS, ALLOWED, searches]);
  assert.deepEqual(found, searches.map(() => ACCOUNT));
});

test("on a machine of one's own all its names are ours at one port", async () => {
  const own = "http://localhost:3000";
  const allowed = { origins: `${own} http://localhost:5173`, loopback: own };
  const taken = ["http://127.0.0.1:3000/x", "http://127.8.8.8:3000/x", "http://[::1]:3000/x", "http://app.localhost:3000/x", "http://2130706433:3000/x", "http://localhost:5173/x"];
  const refused = [
    "http://127.0.0.1:5173/x", "https://localhost:3000/x", "http://localhost/x", "http://evillocalhost:3000/x", "http://localhost.evil.example:3000/x",
    "http://127.0.0.1.evil.example:3000/x", "http://192.0.2.1:3000/x", "http://[::2]:3000/x", "http://user@127.0.0.1:3000/x", "https:evil", "http://0.0.0.0:3000/x",
  ];
  const read = taken.map((value) => value.replace("2130706433", "127.0.0.1"));
  assert.deepEqual(await destinations(own, allowed, taken), read);
  assert.deepEqual(await destinations(own, allowed, refused), refused.map(() => `${own}/account/`));
});

test("the server names the origins of our site alone", async () => {
  const { origins, loopback } = await page.locator("main").evaluate((main) => ({ ...main.dataset }));
  assert.equal(origins, `${house.url} http://localhost:5173`);
  assert.equal(loopback, house.url);
});

test("a person who was sent here gets back, before and after a sign-in, and nowhere else", async () => {
  const tab = await visit(browser, `${house.url}/?return_to=${encodeURIComponent("/docs/?from=there#content")}`);
  await asks(tab, "sent@example.com");
  await enters(tab, await house.code("sent@example.com"));
  await tab.waitForURL(`${house.url}/docs/?from=there#content`);
  await tab.goto(`${house.url}/?return_to=${encodeURIComponent(`${house.url}/docs/`)}`);
  await tab.waitForURL(`${house.url}/docs/`);
  for (const trick of ["https://evil.example/", "//evil.example/", "/\\evil.example/", "javascript:document.title='taken'", "/&return_to=/docs/"]) {
    const value = trick.includes("&") ? trick : encodeURIComponent(trick);
    await tab.goto(`${house.url}/?return_to=${value}`);
    await arrives(tab);
  }
  assert.deepEqual(tab.complaints, []);
});

test("a listed origin of the same host is led back to, as it was named", async () => {
  const tab = await visit(browser);
  await tab.route("http://localhost:5173/**", (route) => route.fulfill({ body: "an app" }));
  await signsIn(house, tab, "app@example.com");
  await tab.goto(`${house.url}/?return_to=${encodeURIComponent("http://localhost:5173/cart?step=2#pay")}`);
  await tab.waitForURL("http://localhost:5173/cart?step=2#pay");
});
