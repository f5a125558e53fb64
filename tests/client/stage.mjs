// A site on another origin than the service, with the strictest policy that the client and the element are to live under.
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import { chromium } from "playwright-core";

import { House } from "./house.mjs";

const dist = new URL("../../clients/typescript/dist/", import.meta.url);
const script = (name) => ["text/javascript", readFileSync(new URL(name, dist))];

export class Stage {
  static async open() {
    const stage = new Stage();
    stage.servers = [];
    stage.url = await stage.#site();
    // To a browser, the service's site; by its number the machine is another site.
    stage.sister = stage.url.replace("127.0.0.1", "localhost");
    stage.stranger = (await stage.#site()).replace("127.0.0.1", "localhost");
    stage.house = await House.open("--set", `CORS_ORIGINS=${stage.url},${stage.sister}`);
    const quiet = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update", "--disable-sync"];
    stage.browser = await chromium.launch({ executablePath: process.env.CHROMIUM, args: quiet });
    return stage;
  }

  async close() {
    await this.browser.close();
    await this.house.close();
    for (const server of this.servers) {
      server.close();
      server.closeAllConnections();
    }
  }

  async #site() {
    const server = createServer((request, response) => this.#answer(request, response)).listen(0, "127.0.0.1");
    this.servers.push(server);
    await new Promise((resolve) => server.once("listening", resolve));
    return `http://127.0.0.1:${server.address().port}`;
  }

  #answer(request, response) {
    const url = new URL(request.url, this.url);
    const files = {
      "/latchkey.js": script("latchkey.js"),
      "/element.js": script("element.js"),
      "/start.js": ["text/javascript", START],
      "/page.css": ["text/css", ":root { color-scheme: light dark; font-family: system-ui } body { margin: 1.5rem; background: light-dark(#fff, #14161b); color: light-dark(#000, #fff) }"],
      "/tab": ["text/html", page('<script type="module" src="/start.js"></script>')],
      "/element": ["text/html", page(this.#element(url.searchParams), url.searchParams.get("page-lang") ?? "en")],
    };
    const [kind, text] = files[url.pathname] ?? [null, ""];
    if (!kind) return response.writeHead(404).end();
    response.writeHead(200, {
      "Content-Type": `${kind}; charset=utf-8`,
      "Content-Security-Policy": `default-src 'none'; script-src 'self'; style-src 'self'; connect-src ${this.house.url}; require-trusted-types-for 'script'`,
    });
    return response.end(text);
  }

  #element(attributes) {
    const given = [...attributes].filter(([name]) => name !== "page-lang").map(([name, value]) => ` ${name}="${value}"`);
    const tag = `<latchkey-sign-in base-url="${this.house.url}"${given.join("")}></latchkey-sign-in>`;
    return `<main><h1>A site</h1>${tag}</main><script type="module" src="/element.js"></script>`;
  }

  /** A new browser profile; what its pages complain of is kept. */
  async person(options = {}) {
    const context = await this.browser.newContext({ locale: "en-US", ...options });
    context.complaints = [];
    context.on("weberror", (error) => context.complaints.push(error.error().message));
    context.on("console", (message) => message.type() === "error" && !message.text().startsWith("Failed to load resource") && context.complaints.push(message.text()));
    return context;
  }

  /** A tab with a client in `window.latchkey`. */
  async tab(context, storage = "local", origin = storage === "cookie" ? this.sister : this.url) {
    const tab = await context.newPage();
    await tab.goto(this.address(storage, origin));
    await tab.waitForFunction(() => window.latchkey);
    return tab;
  }

  address(storage, origin) {
    return `${origin}/tab?service=${encodeURIComponent(this.house.url)}&storage=${storage}`;
  }

  async signIn(tab, identifier) {
    await tab.evaluate((to) => window.latchkey.requestCode({ identifier: to }), identifier);
    const code = await this.house.code(identifier);
    return tab.evaluate(([to, code_]) => window.latchkey.verifyCode({ identifier: to, code: code_ }), [identifier, code]);
  }
}

function page(body, lang = "en") {
  return `<!doctype html><html lang="${lang}"><meta name="viewport" content="width=device-width"><title>A site</title><link rel="stylesheet" href="/page.css">${body}</html>`;
}

const START = `
import { createLatchkey } from "./latchkey.js";
const wish = new URLSearchParams(location.search);
window.changes = [];
window.latchkey = createLatchkey({ baseUrl: wish.get("service"), storage: wish.get("storage") });
window.latchkey.onSessionChange((session, change) => window.changes.push(change));
window.email = async () => (await window.latchkey.api.GET("/api/profile/")).data.email;
`;
