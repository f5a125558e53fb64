import assert from "node:assert/strict";
import { after, before, beforeEach, test } from "node:test";

import { countdown, createLatchkey, digits, looksLikePhone } from "../../../clients/typescript/dist/latchkey.js";
import { House, shelf, signIn, wire, wrong } from "../house.mjs";

let house;
before(async () => (house = await House.open()));
after(() => house.close());
beforeEach(() => house.reset());

const jane = "jane@example.com";
const client = (options = {}) => createLatchkey({ baseUrl: house.url, ...options });

test("the whole journey", async () => {
  const changes = [];
  const latchkey = client({ sourceUrl: "https://app.example.com/in", locale: "de" });
  latchkey.onSessionChange((session, change) => changes.push([change, session?.userId ?? null]));
  assert.equal(latchkey.session, null);

  const sent = await latchkey.requestCode({ identifier: jane });
  assert.deepEqual([sent.channel, sent.expires_in, sent.resend_in], ["email", 600, 30]);
  const code = await house.code(jane);
  const { user, session } = await latchkey.verifyCode({ identifier: " Jane@Example.com ", code: `${code.slice(0, 3)} ${code.slice(3)}` });
  assert.equal(user.is_new_user, true);
  assert.deepEqual([session.userId, latchkey.session], [user.id, session]);

  const { data: me, response } = await latchkey.api.GET("/api/profile/");
  assert.deepEqual([me.email, me.language], [jane, "de"]);
  const change = { body: { first_name: "Jane" }, headers: { "If-Match": response.headers.get("ETag") } };
  assert.equal((await latchkey.api.PATCH("/api/profile/", change)).data.full_name, "Jane");
  await assert.rejects(latchkey.api.PATCH("/api/profile/", change), { code: "version_conflict", status: 412 });
  const { data: sources } = await latchkey.api.GET("/api/profile/sources/");
  assert.equal(sources.results[0].source.url, "https://app.example.com");
  const { data: sessions } = await latchkey.api.GET("/api/auth/sessions/", { params: { query: { limit: 10 } } });
  assert.deepEqual(sessions.results.map(({ id, current }) => [id, current]), [[session.sid, true]]);
  const { data: everything } = await latchkey.api.GET("/api/profile/export/", { parseAs: "blob" });
  assert.match(await everything.text(), /jane@example\.com/);

  const token = await latchkey.accessToken();
  assert.equal((await latchkey.api.POST("/api/auth/token/verify/", { body: { token } })).data.sub, user.id);
  assert.equal(await latchkey.signOut(), true);
  assert.equal((await latchkey.api.POST("/api/auth/token/verify/", { body: { token } })).data.active, false);
  assert.equal(latchkey.session, null);
  await assert.rejects(latchkey.accessToken(), { code: "unauthenticated" });
  await assert.rejects(latchkey.api.GET("/api/profile/"), { code: "unauthenticated", status: 401 });
  assert.deepEqual(changes, [["signed-in", user.id], ["signed-out", null]]);
});

test("a double click, and a retry after a lost answer, send one message", async () => {
  const fetch = wire();
  const latchkey = client({ fetch });
  const [one, two] = await Promise.all([latchkey.requestCode({ identifier: jane }), latchkey.requestCode({ identifier: "JANE@example.com " })]);
  assert.equal(one.delivery_id, two.delivery_id);
  assert.equal((await latchkey.requestCode({ identifier: jane, channel: "email" })).delivery_id, one.delivery_id);
  assert.equal((await house.outbox(jane)).length, 1);

  const john = "john@example.com";
  fetch.through = async (request) => {
    await globalThis.fetch(request);
    throw new TypeError("the answer was lost");
  };
  await assert.rejects(latchkey.requestCode({ identifier: john }), { code: "offline", status: 0, temporary: true });
  fetch.through = globalThis.fetch;
  await latchkey.requestCode({ identifier: john });
  assert.equal((await house.outbox(john)).length, 1);
});

test("after the wait a resend is a new wish, with the same code", async (t) => {
  t.mock.timers.enable({ apis: ["Date"], now: Date.now() });
  const latchkey = client();
  const first = await latchkey.requestCode({ identifier: jane });
  const code = await house.code(jane);
  t.mock.timers.tick(first.resend_in * 1000);
  await house.advance(first.resend_in);
  const second = await latchkey.requestCode({ identifier: jane });
  assert.notEqual(second.delivery_id, first.delivery_id);
  assert.deepEqual([(await house.outbox(jane)).length, await house.code(jane)], [2, code]);
});

test("a double click on a right code is one sign-in", async () => {
  const latchkey = client();
  await latchkey.requestCode({ identifier: jane });
  const proof = { identifier: jane, code: await house.code(jane) };
  const [one, two] = await Promise.all([latchkey.verifyCode(proof), latchkey.verifyCode(proof)]);
  assert.equal(one.session.sid, two.session.sid);
  assert.equal((await latchkey.api.GET("/api/auth/sessions/")).data.results.length, 1);
});

test("refusals say what is wrong, and end nothing", async () => {
  const latchkey = client();
  await assert.rejects(latchkey.requestCode({ identifier: "nope" }), (error) => {
    assert.deepEqual([error.code, error.status, error.temporary], ["invalid_request", 422, false]);
    assert.equal(error.fields[0].pointer, "/identifier");
    assert.ok(error.requestId);
    return true;
  });
  await signIn(house, latchkey, jane);
  const john = "john@example.com";
  await latchkey.requestCode({ identifier: john });
  const guess = latchkey.verifyCode({ identifier: john, code: wrong(await house.code(john)) });
  await assert.rejects(guess, { code: "otp_invalid", status: 401 });
  await assert.rejects(client().requestCode({ identifier: john }), (error) => error.code === "rate_limited" && error.retryAfter > 0 && error.temporary);
  assert.ok(latchkey.session);
});

test("what only says more about a sign-in does not stop it", async () => {
  const fetch = wire();
  const bodies = [];
  fetch.through = async (request) => {
    const { pathname } = new URL(request.url);
    if (pathname.startsWith("/api/auth/otp/") && request.method === "POST") bodies.push(await request.clone().json());
    return globalThis.fetch(request);
  };
  // A language that was never registered, and a page that was opened from a file.
  const latchkey = client({ fetch, locale: "xx-YY", sourceUrl: "file:///index.html" });
  const { user } = await signIn(house, latchkey, jane);
  assert.equal(user.is_new_user, true);
  assert.equal((await latchkey.api.GET("/api/profile/")).data.language, "en");
  const ornaments = bodies.map(({ locale, source_url }) => [locale, source_url].map(Boolean));
  assert.deepEqual(ornaments, [[true, true], [false, false], [false, true], [false, false]]);

  const half = client({ fetch, locale: "xx-YY", sourceUrl: "https://app.example.com" });
  await signIn(house, half, "john@example.com");
  const { data: sources } = await half.api.GET("/api/profile/sources/");
  assert.equal(sources.results[0].source.url, "https://app.example.com");
  // A wrong address is said, and nothing else.
  await assert.rejects(half.requestCode({ identifier: "nope" }), (error) => {
    assert.deepEqual(error.fields.map(({ pointer }) => pointer), ["/identifier"]);
    return true;
  });
});

test("numbers and codes are taken as people paste them, in digits of any script", async () => {
  const phone = "+14155550100";
  const pasted = [
    "\u202a+1\u00a0(415)\u00a0555\u20110100\u202c",
    "\u200e+1 415\u2013555\u20130100\u200e",
    "+\u0661\u0664\u0661\u0665\u0665\u0665\u0665\u0660\u0661\u0660\u0660",
    "+\u06f1 \u06f4\u06f1\u06f5 \u06f5\u06f5\u06f5 \u06f0\u06f1\u06f0\u06f0",
    "\uff0b\uff11\u3000\uff08\uff14\uff11\uff15\uff09\uff15\uff15\uff15\uff0d\uff10\uff11\uff10\uff10",
  ];
  const arabic = (code) => code.replace(/\d/g, (digit) => String.fromCodePoint(0x660 + Number(digit)));
  const latchkey = client();
  const ids = new Set();
  for (const identifier of pasted) {
    assert.equal(looksLikePhone(identifier), true, identifier);
    await latchkey.requestCode({ identifier });
    const { user } = await latchkey.verifyCode({ identifier, code: arabic(await house.code(phone)) });
    ids.add(user.id);
    await house.advance(3600);
  }
  assert.equal(ids.size, 1);
  for (const word of ["jane@example.com", "+1@example.com", "jane", "+1 415 FLOWERS", "+1 415 \u0437", ""]) {
    assert.equal(looksLikePhone(word), false, word);
  }
  const codes = ["881 327", "881\u2011327", "\u202d881327\u202c", "\uff18\uff18\uff11\uff13\uff12\uff17", "\u0668\u0668\u0661\u0663\u0662\u0667", "\u06f8\u06f8\u06f1\u06f3\u06f2\u06f7", "\u096e\u096e\u0967\u0969\u0968\u096d", "\u{1d7e0}\u{1d7e0}\u{1d7d9}\u{1d7db}\u{1d7da}\u{1d7df}"];
  for (const code of codes) assert.equal(digits(code), "881327", code);
});

test("no token goes to the routes for codes and tokens, and no device token anywhere else", async () => {
  const fetch = wire();
  const latchkey = client({ fetch });
  await signIn(house, latchkey, jane);
  await latchkey.api.GET("/api/profile/");
  await house.advance(1000);
  await latchkey.api.GET("/api/profile/");
  await latchkey.requestCode({ identifier: jane });
  await latchkey.signOut();
  const paths = (header) => [...new Set(fetch.seen.filter(({ headers }) => headers.has(header)).map(({ path }) => path))];
  assert.deepEqual(paths("authorization"), ["/api/profile/"]);
  assert.deepEqual(paths("x-device-token"), ["/api/auth/otp/request/"]);
});

test("the device token outlives the sign-out, and passes the lock that strangers caused", async () => {
  const storage = shelf();
  await signIn(house, client({ storage }), jane);
  await client({ storage }).signOut();
  assert.doesNotMatch(JSON.stringify([...storage.held]), /jane/);

  const stranger = client();
  let guesses = 0;
  for (const tries of [3, 2]) {
    await house.advance(60);
    await stranger.requestCode({ identifier: jane });
    for (let n = 0; n < tries; n += 1) {
      const guess = createLatchkey({ baseUrl: house.url }).verifyCode({ identifier: jane, code: wrong(await house.code(jane)) });
      await assert.rejects(guess, { code: "otp_invalid" });
      guesses += 1;
    }
    await house.advance(600);
    await house.desk("DELETE", "outbox");
  }
  assert.equal(guesses, 5);
  // The wait of 30 s is over by now; one more failure makes it a minute, and that one holds.
  await house.advance(60);
  const known = client({ storage });
  await known.requestCode({ identifier: jane });
  const code = await house.code(jane);
  await assert.rejects(stranger.verifyCode({ identifier: jane, code: wrong(code) }), { code: "otp_invalid" });
  await assert.rejects(stranger.verifyCode({ identifier: jane, code }), { code: "rate_limited", retryAfter: 60 });
  assert.equal((await known.verifyCode({ identifier: jane, code })).user.is_new_user, false);
});

test("a delivery is watched to its end", async () => {
  const latchkey = client();
  const { delivery_id } = await latchkey.requestCode({ identifier: jane });
  const [message] = await house.outbox(jane);
  const states = [];
  const watched = latchkey.watchDelivery(delivery_id, ({ status }) => {
    states.push(status);
    if (states.length === 1) void house.desk("POST", `deliveries/${message.id}/status`, { status: "bounce" });
  });
  assert.equal((await watched).status, "bounced");
  assert.deepEqual(states, ["queued", "bounced"]);
  await assert.rejects(latchkey.watchDelivery("dlv_00", () => {}), { code: "not_found" });

  const over = new AbortController();
  const { delivery_id: other } = await latchkey.requestCode({ identifier: "john@example.com" });
  const aborted = latchkey.watchDelivery(other, () => over.abort(), over.signal);
  assert.equal((await aborted).status, "queued");
});

test("a countdown counts to its moment, also when the machine slept", (t) => {
  t.mock.timers.enable({ apis: ["Date", "setTimeout"], now: 1_000_000 });
  const ticks = [];
  countdown(30, (left) => ticks.push(left));
  t.mock.timers.tick(1000);
  t.mock.timers.setTime(1_000_000 + 25_400);
  t.mock.timers.tick(600);
  t.mock.timers.tick(10_000);
  assert.deepEqual([ticks[0], ticks[1], ticks.at(-1), ticks.filter((left) => left === 0).length], [30, 29, 0, 1]);
  const stopped = [];
  countdown(2, (left) => stopped.push(left))();
  t.mock.timers.tick(5000);
  assert.deepEqual(stopped, [2]);
});

test("another address becomes the account's own", async () => {
  const latchkey = client();
  await signIn(house, latchkey, jane);
  const phone = "+14155550100";
  await latchkey.requestAddress({ identifier: "+1 415 555 0100", channel: "sms" });
  const me = await latchkey.verifyAddress({ identifier: phone, code: await house.code(phone) });
  assert.deepEqual([me.email, me.phone_number], [jane, phone]);
});

test("a code by WhatsApp", async () => {
  const latchkey = client();
  const phone = "+14155550101";
  assert.equal((await latchkey.requestCode({ identifier: phone, channel: "whatsapp" })).channel, "whatsapp");
  const { user } = await latchkey.verifyCode({ identifier: phone, code: await house.code(phone), channel: "whatsapp" });
  assert.equal(user.phone_number, phone);
});
