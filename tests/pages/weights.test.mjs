// What a page weighs on the wire when it is opened for the first time: document, styles, scripts, fonts, pictures and data.

import assert from "node:assert/strict";
import test from "node:test";
import { visit } from "./browser.mjs";
import { open, signsIn } from "./visitor.mjs";

const { house, browser } = await open(test);
const MOST = 100_000;

async function weigh(page, path) {
  const sizes = [];
  const collect = async (request) => {
    const { responseBodySize, responseHeadersSize } = await request.sizes();
    sizes.push(responseBodySize + responseHeadersSize);
  };
  const waiting = [];
  const finished = (request) => waiting.push(collect(request));
  page.on("requestfinished", finished);
  await page.goto(house.url + path, { waitUntil: "networkidle" });
  page.off("requestfinished", finished);
  await Promise.all(waiting);
  return { bytes: sizes.reduce((sum, size) => sum + size, 0), requests: sizes.length };
}

for (const [path, isSignedIn] of [["/", false], ["/account/", true], ["/admin/", true], ["/_local/", false], ["/docs/", false]]) {
  test(`${path} is light`, async (t) => {
    const page = await visit(browser);
    if (isSignedIn) {
      await signsIn(house, page, `weighing${path.length}@example.com`);
      if (path === "/admin/") await house.makeAdmin(await userId(page));
      // As if for the first time.
      const session = await page.context().newCDPSession(page);
      await session.send("Network.clearBrowserCache");
    }
    const { bytes, requests } = await weigh(page, path);
    t.diagnostic(`${path}: ${bytes} bytes in ${requests} requests`);
    assert.ok(requests > 2, "nothing was loaded");
    assert.ok(bytes < MOST, `${path} weighs ${bytes} bytes`);
  });
}

const userId = (page) => page.evaluate(async () => {
  const { createLatchkey } = await import("/_local/pages/latchkey.js");
  return createLatchkey({ baseUrl: "/", storage: "cookie" }).session.userId;
});
