// An app of SERVER.md that runs beside a local cloud, and people who use it in Chromium.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:http";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { chromium } from "playwright-core";

import { House } from "./house.mjs";

const here = import.meta.dirname;
const COMMANDS = {
  next: (port) => [join(here, "../node_modules/next/dist/bin/next"), "start", "--hostname", "localhost", "--port", port],
  hono: () => ["app.mjs"],
  express: () => ["app.mjs"],
};
const QUIET = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update", "--disable-sync"];

async function freePort() {
  const server = createServer().listen(0, "localhost");
  await once(server, "listening");
  const { port } = server.address();
  server.close();
  await once(server, "close");
  return port;
}

export class App {
  static async open(kind) {
    const app = new App();
    app.house = await House.open();
    const port = await freePort();
    app.origin = `http://localhost:${port}`;
    const env = { ...process.env, LATCHKEY_URL: app.house.url, APP_ORIGIN: app.origin, NEXT_TELEMETRY_DISABLED: "1" };
    const options = ["--import", join(here, "clock.mjs"), ...COMMANDS[kind](String(port))];
    app.process = spawn(process.execPath, options, { cwd: join(here, "..", kind), env, stdio: ["ignore", "pipe", "inherit"] });
    app.lines = createInterface({ input: app.process.stdout });
    app.browser = await chromium.launch({ executablePath: process.env.CHROMIUM, args: QUIET });
    app.strangers = [];
    await app.#answers();
    return app;
  }

  async close() {
    await this.browser.close();
    this.process.kill("SIGTERM");
    await once(this.process, "exit");
    await this.house.close();
    for (const server of this.strangers) {
      server.close();
      server.closeAllConnections();
    }
  }

  async #answers() {
    while (this.process.exitCode === null) {
      const answer = await fetch(`${this.origin}/`).catch(() => null);
      if (answer?.ok) return;
      await new Promise((soon) => setTimeout(soon, 50));
    }
    throw new Error("the app ended before it answered");
  }

  /** Beyond the life of an access token, by the service's clock and the app's. */
  async pass() {
    const moved = new Promise((resolve) => {
      const hear = (line) => {
        if (line !== "the clock was moved") return;
        this.lines.off("line", hear);
        resolve();
      };
      this.lines.on("line", hear);
    });
    this.process.kill("SIGUSR2");
    await Promise.all([moved, this.house.advance(1000)]);
  }

  /** A page of nobody's in particular: of another site, or of another origin of the same site. */
  async stranger(isSameSite) {
    const server = createServer((request, response) => response.setHeader("Content-Type", "text/html").end("<!doctype html><title>A stranger</title>"));
    server.listen(0, isSameSite ? "localhost" : "127.0.0.1");
    await once(server, "listening");
    this.strangers.push(server);
    return `http://${isSameSite ? "localhost" : "127.0.0.1"}:${server.address().port}/`;
  }

  /** A tab of a new browser profile; the bodies of what the app answers are kept. */
  async visitor() {
    const context = await this.browser.newContext();
    context.bodies = [];
    context.on("response", (response) => {
      if (response.url().startsWith(this.origin)) context.bodies.push(response.text().catch(() => ""));
    });
    return this.tab(context);
  }

  async tab(context) {
    const tab = await context.newPage();
    await tab.goto(this.origin);
    return tab;
  }

  /** Asks for a code and redeems it by the app's routes. */
  async signIn(tab, identifier) {
    const post = (route, body) =>
      tab.evaluate(
        async ([path, sent]) => {
          const headers = { "Content-Type": "application/json" };
          const answer = await fetch(path, { method: "POST", headers, body: JSON.stringify(sent) });
          return [answer.status, await answer.json()];
        },
        [`/auth/${route}`, body],
      );
    const sent = await post("code", { identifier });
    if (sent[0] !== 200) throw new Error(JSON.stringify(sent));
    const entered = await post("verify", { identifier, code: await this.house.code(identifier) });
    if (entered[0] !== 200) throw new Error(JSON.stringify(entered));
    await tab.reload();
    return entered[1].user;
  }
}
