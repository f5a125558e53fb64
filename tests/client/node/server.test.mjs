import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, before, beforeEach, test } from "node:test";

import { createLatchkeyServer } from "../../../clients/typescript/dist/server.js";
import { House, wire } from "../house.mjs";

let house;
before(async () => (house = await House.open()));
after(() => house.close());
beforeEach(() => house.reset());

const jane = "jane@example.com";
const APP = "https://app.example.com";
const REFRESH = "/api/auth/token/refresh/";
const KEYS = "/.well-known/jwks.json";
const server = (options = {}) => createLatchkeyServer({ baseUrl: house.url, origin: APP, ...options });

/** A browser at the app, with the cookies that it was given. */
class Browser {
  constructor(auth, origin = APP) {
    Object.assign(this, { auth, origin, jar: new Map() });
  }

  get cookie() {
    return [...this.jar].map(([name, value]) => `${name}=${value}`).join("; ");
  }

  headers(more = {}) {
    return new Headers({ Cookie: this.cookie, "User-Agent": "Browser/1", ...more });
  }

  take(setCookies) {
    for (const set of setCookies) {
      const [, name, value, gone] = /^([^=]+)=([^;]*);.*?(Max-Age=0)?$/.exec(set);
      if (gone) this.jar.delete(name);
      else this.jar.set(name, value);
    }
  }

  async ask(method, route, body, headers = { Origin: this.origin, "Sec-Fetch-Site": "same-origin" }) {
    const json = body && { "Content-Type": "application/json" };
    const init = { method, headers: this.headers({ ...json, ...headers }), body: body && JSON.stringify(body) };
    const response = await this.auth.handle(new Request(`${this.origin}/auth/${route}`, init));
    this.sets = response.headers.getSetCookie();
    this.take(this.sets);
    return { response, status: response.status, body: await response.json() };
  }

  async signIn(identifier = jane) {
    const sent = await this.ask("POST", "code", { identifier });
    assert.equal(sent.status, 200, JSON.stringify(sent.body));
    const entered = await this.ask("POST", "verify", { identifier, code: await house.code(identifier) });
    assert.equal(entered.status, 200, JSON.stringify(entered.body));
    return entered;
  }

  async open() {
    const session = await this.auth.session(this.headers());
    this.take(session.setCookie);
    return session;
  }
}

/** By the service's clock and this machine's. */
async function pass(t, seconds) {
  t.mock.timers.tick(seconds * 1000);
  await house.advance(seconds);
}
const expire = (t) => pass(t, 1000);
const clocked = (t) => t.mock.timers.enable({ apis: ["Date"], now: Date.now() });

test("server session is a cookie that no script reads, and no answer has a token", async () => {
  const browser = new Browser(server());
  const entered = await browser.signIn();
  assert.deepEqual(Object.keys(entered.body), ["user"]);
  assert.equal(entered.body.user.email, jane);
  assert.equal(entered.response.headers.get("Cache-Control"), "no-store");
  const [session, device] = browser.sets;
  assert.match(session, /^__Host-latchkey-session=rt_[\w-]+\.eyJ[\w-]+\.[\w-]+\.[\w-]+; Path=\/; HttpOnly; SameSite=Lax; Secure; Max-Age=2592000$/);
  assert.match(device, /^__Host-latchkey-device=dev_[\w-]+; Path=\/; HttpOnly; SameSite=Lax; Secure; Max-Age=34560000$/);
  assert.ok(session.length < 1500, `${session.length} bytes`);
  const { user } = (await browser.ask("GET", "session")).body;
  assert.match(`${user.id} ${user.sessionId}`, /^usr_\w+ ses_\w+$/);
  assert.deepEqual([user.amr, user.roles, browser.sets], [["otp", "email"], [], []]);
  const local = new Browser(server({ origin: "http://localhost:4321" }), "http://localhost:4321");
  await local.signIn("joe@example.com");
  assert.match(local.sets[0], /^latchkey-session-4321=rt_[^;]+; Path=\/; HttpOnly; SameSite=Lax; Max-Age=2592000$/);
});

test("server session is read without asking the service, but for its keys", async () => {
  const browser = new Browser(server());
  await browser.signIn();
  const fetch = wire();
  browser.auth = server({ fetch });
  for (let n = 0; n < 3; n += 1) assert.ok((await browser.open()).user);
  const { user, setCookie, cookie } = await browser.auth.read(browser.headers());
  assert.deepEqual([user.amr, setCookie, cookie], [["otp", "email"], [], browser.cookie]);
  assert.deepEqual(fetch.seen.map(({ path }) => path), [KEYS]);
  assert.equal((await browser.auth.profile(await browser.open())).email, jane);
  assert.equal((await browser.auth.session(new Headers())).user, null);
});

test("server session of sixty requests at expiry is refreshed once", async (t) => {
  clocked(t);
  const fetch = wire();
  const browser = new Browser(server({ fetch }));
  await browser.signIn();
  const old = browser.headers();
  await expire(t);
  assert.equal((await browser.auth.read(old)).user, null, "what cannot set a cookie renews nothing");
  const rotations = await house.rotations(async () => {
    const all = await Promise.all(Array.from({ length: 60 }, () => browser.auth.session(old)));
    assert.equal(new Set(all.flatMap(({ setCookie }) => setCookie)).size, 1);
    assert.ok(all.every(({ user, cookie, setCookie }) => user && setCookie[0].startsWith(cookie.split("; ").at(-1))));
    browser.take(all[0].setCookie);
    // One that was sent before the browser had the new cookie.
    assert.deepEqual((await browser.auth.session(old)).setCookie, all[0].setCookie);
  });
  assert.deepEqual([rotations, fetch.to(REFRESH).length], [1, 1]);
  assert.equal(fetch.to(REFRESH)[0].headers.get("User-Agent"), "Browser/1");
  assert.deepEqual((await browser.open()).setCookie, []);
});

test("server session of two processes is refreshed to the same successor", async (t) => {
  clocked(t);
  const browser = new Browser(server());
  await browser.signIn();
  await expire(t);
  const shared = Symbol.for("latchkey-client/server: flights");
  const processes = [1, 2, 3].map(() => {
    delete globalThis[shared];
    return server();
  });
  const all = await Promise.all(processes.map((auth) => auth.session(browser.headers())));
  const cookies = new Set(all.map(({ setCookie }) => setCookie[0].split(".")[0]));
  assert.equal(cookies.size, 1, "one refresh token");
  browser.take(all[2].setCookie);
  await expire(t);
  assert.ok((await browser.open()).user, "and nobody is taken for a thief");
});

test("server session survives a service that does not answer", async (t) => {
  clocked(t);
  const fetch = wire();
  const browser = new Browser(server({ fetch }));
  await browser.signIn();
  fetch.through = () => Promise.reject(new TypeError("down"));
  t.mock.timers.tick(880_000);
  assert.ok((await browser.open()).user, "its token is good for a little longer");
  t.mock.timers.tick(120_000);
  await assert.rejects(browser.open(), { code: "offline" });
  const told = await browser.ask("GET", "session");
  assert.deepEqual([told.status, told.body.code, browser.sets], [503, "offline", []]);
  fetch.through = globalThis.fetch;
  await house.advance(1000);
  assert.ok((await browser.open()).user);
});

test("server session ends with a sign-out, and with the session at the service", async (t) => {
  clocked(t);
  const browser = new Browser(server());
  await browser.signIn();
  const before = browser.headers();
  const session = await browser.open();
  const out = await browser.ask("POST", "sign-out");
  assert.deepEqual([out.status, out.body, browser.jar.has("__Host-latchkey-session")], [200, { told: true }, false]);
  assert.equal(await browser.auth.isActive(session), false);
  const late = await browser.auth.session(before);
  assert.deepEqual([late.user, late.setCookie.length, late.cookie.includes("session")], [null, 1, false], "a request that was on its way");
  assert.equal((await browser.ask("POST", "sign-out")).status, 200, "twice is once");

  await pass(t, 60);
  await browser.signIn();
  const other = new Browser(server());
  await pass(t, 60);
  await other.signIn();
  await other.auth.session(other.headers());
  assert.equal((await other.ask("POST", "sign-out-everywhere")).status, 200);
  assert.equal(other.jar.has("__Host-latchkey-session"), false);
  assert.equal(await browser.auth.isActive(await browser.open()), false);
  assert.ok((await browser.open()).user, "by the access token alone, for what is left of it");
  const again = await browser.ask("POST", "sign-out-everywhere");
  assert.deepEqual([again.status, browser.jar.has("__Host-latchkey-session")], [401, false]);
});

test("server session that was ended elsewhere is over at the next refresh", async (t) => {
  clocked(t);
  const browser = new Browser(server());
  await browser.signIn();
  const other = new Browser(server());
  await pass(t, 60);
  await other.signIn();
  await other.ask("POST", "sign-out-everywhere");
  await expire(t);
  const session = await browser.open();
  assert.deepEqual([session.user, session.setCookie.length, browser.jar.has("__Host-latchkey-session")], [null, 1, false]);
});

test("server session that is signed out of while it is refreshed stays over", async (t) => {
  clocked(t);
  const fetch = wire();
  const browser = new Browser(server({ fetch }));
  await browser.signIn();
  const old = browser.headers();
  await pass(t, 880);
  let release;
  const held = new Promise((resolve) => (release = resolve));
  fetch.through = async (request) => {
    const answer = await globalThis.fetch(request);
    if (request.url.endsWith(REFRESH)) await held;
    return answer;
  };
  const late = browser.auth.session(old);
  while (fetch.to(REFRESH).length === 0) await new Promise(setImmediate);
  assert.equal((await browser.ask("POST", "sign-out")).body.told, true);
  release();
  assert.deepEqual([(await late).user, (await late).setCookie.length], [null, 1]);
});

test("server session takes the place of the one before, which ends", async () => {
  const browser = new Browser(server());
  await browser.signIn();
  const planted = await browser.open();
  await house.advance(60);
  await browser.signIn("joe@example.com");
  assert.notEqual((await browser.open()).user.id, planted.user.id);
  assert.equal(await browser.auth.isActive(planted), false);
});

test("server remembers the device, and says which program the person uses", async () => {
  const fetch = wire();
  const browser = new Browser(server({ fetch }));
  await browser.signIn();
  await browser.ask("POST", "sign-out");
  await house.advance(60);
  await browser.ask("POST", "code", { identifier: jane });
  const asked = fetch.to("/api/auth/otp/request/");
  assert.deepEqual(asked.map(({ headers }) => headers.get("X-Device-Token")?.slice(0, 4)), [undefined, "dev_"]);
  assert.deepEqual(new Set(asked.map(({ headers }) => headers.get("User-Agent"))), new Set(["Browser/1"]));
});

test("server refuses what no page of the app has sent", async () => {
  const fetch = wire();
  const browser = new Browser(server({ fetch }));
  await browser.signIn();
  const { cookie } = browser;
  fetch.seen.length = 0;
  const evil = "https://evil.example";
  const rows = [
    [{}, 403],
    [{ Origin: evil }, 403],
    [{ Origin: "null" }, 403],
    [{ Origin: `${APP}.evil.example` }, 403],
    [{ Origin: `${APP}:8443` }, 403],
    [{ Origin: "https://www.example.com", "Sec-Fetch-Site": "same-site" }, 403],
    [{ Origin: APP, "Sec-Fetch-Site": "cross-site" }, 403],
    [{ Origin: APP, "Sec-Fetch-Site": "same-site" }, 403],
    [{ Origin: evil, "Sec-Fetch-Site": "same-origin" }, 403],
    [{ "Sec-Fetch-Site": "cross-site" }, 403],
    [{ "Sec-Fetch-Site": "none" }, 403],
  ];
  for (const route of ["code", "verify", "sign-out", "sign-out-everywhere"]) {
    for (const [headers, expected] of rows) {
      const { status, body } = await browser.ask("POST", route, { identifier: jane, code: "123456" }, headers);
      assert.deepEqual([status, body.code, browser.sets], [expected, "forbidden", []], `${route} ${JSON.stringify(headers)}`);
    }
  }
  for (const type of ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", ""]) {
    const { status } = await browser.ask("POST", "code", { identifier: jane }, { Origin: APP, "Content-Type": type });
    assert.equal(status, 415, type);
  }
  assert.deepEqual([fetch.seen, browser.cookie], [[], cookie]);
  for (const headers of [{ Origin: APP }, { "Sec-Fetch-Site": "same-origin" }]) {
    assert.equal((await browser.ask("POST", "sign-out", undefined, headers)).status, 200);
  }
});

test("server answers mistakes as the service does", async () => {
  const browser = new Browser(server());
  const told = async (...wish) => {
    const { status, body, response } = await browser.ask(...wish);
    assert.match(response.headers.get("Content-Type"), /^application\/problem\+json/);
    return [status, body.code];
  };
  assert.deepEqual(await told("GET", "nothing"), [404, "not_found"]);
  assert.deepEqual(await told("GET", "toString"), [404, "not_found"]);
  assert.deepEqual(await told("GET", "sign-out"), [405, "method_not_allowed"]);
  assert.deepEqual(await told("POST", "code", [1]), [400, "malformed_request"]);
  assert.deepEqual(await told("POST", "code", {}), [422, "invalid_request"]);
  assert.deepEqual(await told("POST", "code", { identifier: "x".repeat(20_000) }), [413, "payload_too_large"]);
  assert.deepEqual(await told("POST", "verify", { identifier: jane, code: "123456" }), [401, "otp_invalid"]);
  assert.deepEqual(await told("POST", "sign-out-everywhere"), [401, "unauthenticated"]);
  await browser.ask("POST", "code", { identifier: jane });
  const { status, response, body } = await browser.ask("POST", "code", { identifier: jane });
  assert.deepEqual([status, body.code, response.headers.get("Retry-After")], [429, "rate_limited", String(body.retry_after)]);
});

test("server takes no cookie that is not the service's", async () => {
  const browser = new Browser(server());
  await browser.signIn();
  const good = browser.jar.get("__Host-latchkey-session");
  const [refresh, head, body] = good.split(".");
  const who = async (cookie) => (await browser.auth.session(new Headers({ Cookie: cookie }))).user;
  const named = (value) => `__Host-latchkey-session=${value}`;
  const forged = [
    "", "x", ".", "rt_x.y.z.w", `rt_x.${head}.${body}.`, `${refresh.slice(0, -2)}AA.${head}.${body}.AAAA`,
    `rt_x.${btoa('{"alg":"none","typ":"at+jwt"}').replace(/=+$/, "")}.${body}.`,
  ];
  for (const value of forged) assert.equal(await who(named(value)), null, value);
  assert.equal(await who(`${named(good)}; ${named(good)}`), null, "two are none");
  assert.equal(await who(`__host-latchkey-session=${good}`), null);
  assert.ok(await who(`a=b; ${named(good)}`));
});

test("server tells who set it up what is wrong", async () => {
  assert.throws(() => server({ origin: "http://app.example.com" }), /https/);
  assert.throws(() => server({ origin: "app.example.com" }), /origin/);
  assert.throws(() => server({ baseUrl: "auth.example.com" }), /baseUrl/);
  const browser = new Browser(server({ issuer: "https://other.example.com" }));
  await browser.ask("POST", "code", { identifier: jane });
  const { status, body } = await browser.ask("POST", "verify", { identifier: jane, code: await house.code(jane) });
  assert.equal(status, 503);
  assert.match(body.detail, /issuer is "http:\/\/localhost:\d+".*expected "https:\/\/other\.example\.com"/);
});

test("server asks for a key that is not published once a minute, and keeps old keys for a day while the service is down", async (t) => {
  const browser = new Browser(server());
  await browser.signIn();
  clocked(t);
  const fetch = wire();
  browser.auth = server({ fetch });
  await browser.open();
  const [refresh, head, body, signature] = browser.jar.get("__Host-latchkey-session").split(".");
  const unknown = btoa(JSON.stringify({ ...JSON.parse(atob(head)), kid: "another" })).replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "");
  const strange = new Headers({ Cookie: `__Host-latchkey-session=${refresh}.${unknown}.${body}.${signature}` });
  const read = () => Promise.all(Array.from({ length: 20 }, () => browser.auth.read(strange)));
  const asked = async () => {
    assert.ok((await read()).every(({ user }) => user === null));
    return fetch.to(KEYS).length;
  };
  assert.equal(await asked(), 1, "the set has just come");
  t.mock.timers.tick(61_000);
  assert.equal(await asked(), 2);
  assert.equal(await asked(), 2);
  t.mock.timers.tick(61_000);
  assert.equal(await asked(), 3);
  fetch.through = () => Promise.reject(new TypeError("down"));
  t.mock.timers.tick(61_000);
  assert.equal(await asked(), 4);
  assert.ok((await browser.auth.read(browser.headers())).user);
  await house.advance(183);
  await pass(t, 26 * 3600);
  const later = new Browser(server());
  await later.signIn("joe@example.com");
  await assert.rejects(browser.auth.read(later.headers()), { code: "offline" }, "but not for ever");
});

const { cases, jwks, issuer, audience, verifier_clock } = JSON.parse(readFileSync(new URL("../../vectors/jwt.json", import.meta.url)));
/** Only who holds the private key could have made them. */
const OURS_TO_MAKE = /duplicate/;

test("server decides every vector of access tokens as it says", async (t) => {
  t.mock.timers.enable({ apis: ["Date"], now: verifier_clock * 1000 });
  const outside = [];
  const fetch = async (request) => {
    outside.push(request.url);
    return Response.json(jwks);
  };
  const auth = server({ baseUrl: issuer, audience, fetch });
  let decided = 0;
  for (const { id, title, expected, token } of cases) {
    if (OURS_TO_MAKE.test(title)) continue;
    const { user } = await auth.read(new Headers([["Cookie", `__Host-latchkey-session=rt_x.${encodeURI(token)}`]]));
    assert.equal(user !== null, expected === "accept", `${id}: ${title}`);
    decided += 1;
  }
  assert.ok(decided > 50, `${decided} vectors`);
  assert.deepEqual(new Set(outside), new Set([issuer + KEYS]), "and asks nobody else");
});
