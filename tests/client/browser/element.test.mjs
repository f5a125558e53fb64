import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { after, before, beforeEach, test } from "node:test";

import { wrong } from "../house.mjs";
import { Stage } from "../stage.mjs";

const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const jane = "jane@example.com";

let stage;
let person;
before(async () => (stage = await Stage.open()));
after(() => stage.close());
beforeEach(async () => {
  await person?.close();
  await stage.house.reset();
  person = await stage.person({ viewport: { width: 360, height: 640 } });
});

/** A page with the element; its events are kept in `window.events`. */
async function shown(attributes = {}) {
  const page = await person.newPage();
  await page.addInitScript(() => {
    window.events = [];
    for (const name of ["latchkey-signed-in", "latchkey-error"]) {
      document.addEventListener(name, ({ detail }) => window.events.push([name, detail.code ?? detail.user.email ?? detail.user.phone_number]));
    }
  });
  await page.goto(`${stage.url}/element?${new URLSearchParams({ channels: "email sms whatsapp", ...attributes })}`);
  await page.locator("h2").waitFor();
  return page;
}

const address = (page) => page.getByLabel("E-mail address or phone number");
const codeField = (page) => page.getByLabel("Code", { exact: true });
const alert = (page) => page.getByRole("alert");

async function asks(page, identifier) {
  await address(page).fill(identifier);
  await page.getByRole("button", { name: "Send code" }).click();
  await codeField(page).waitFor();
}

async function accessible(page) {
  // By the driver: the page's policy lets no script of others in.
  await page.evaluate(axe);
  const { violations } = await page.evaluate(() => window.axe.run());
  assert.deepEqual(violations.map(({ id, nodes }) => [id, nodes.map(({ html, failureSummary }) => `${html} ${failureSummary}`)]), []);
}

/** Everything that is to be pressed is large enough for a finger. */
async function pressable(page) {
  for (const target of await page.locator("button:visible, input:visible:not([type=radio]), label.way:visible").all()) {
    const { width, height } = await target.boundingBox();
    assert.ok(width >= 44 && height >= 44, `${await target.textContent()}: ${width} by ${height}`);
  }
  const beyond = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
  assert.equal(beyond, 0, "it is wider than the page");
}

test("sign in by mail: typed, pasted with blanks, refused, told what to do", async () => {
  const page = await shown({ autofocus: "" });
  assert.equal(await page.evaluate(() => document.activeElement.localName), "latchkey-sign-in");
  await page.keyboard.type("nope");
  await page.keyboard.press("Enter");
  await alert(page).getByText("neither an e-mail address").waitFor();
  assert.equal(await address(page).getAttribute("aria-invalid"), "true");
  await asks(page, jane);
  assert.ok(await codeField(page).evaluate((field) => field === field.getRootNode().activeElement));
  assert.deepEqual(
    await codeField(page).evaluate((field) => [field.autocomplete, field.inputMode]),
    ["one-time-code", "numeric"],
  );

  const code = await stage.house.code(jane);
  await codeField(page).pressSequentially(wrong(code));
  // Typed digits may be corrected: nothing has been sent yet.
  assert.equal(await alert(page).textContent(), "");
  await page.keyboard.press("Enter");
  await alert(page).getByText("That code is not right").waitFor();
  await codeField(page).fill("12");
  await page.keyboard.press("Enter");
  await alert(page).getByText("The code has 6 digits").waitFor();
  await codeField(page).evaluate((field, text) => {
    field.select();
    document.execCommand("insertText", false, text);
  }, `${code.slice(0, 3)} ${code.slice(3)}`);
  await page.getByText("You are signed in.").waitFor();
  assert.deepEqual(await page.evaluate(() => window.events), [
    ["latchkey-error", "invalid_request"],
    ["latchkey-error", "otp_invalid"],
    ["latchkey-signed-in", jane],
  ]);
  await page.getByRole("button", { name: "Sign out" }).click();
  await address(page).waitFor();
  assert.deepEqual(person.complaints, []);
});

test("sign in by phone: SMS or WhatsApp are offered for a number only", async () => {
  const page = await shown();
  const ways = page.getByRole("group", { name: "Send the code by" });
  await address(page).fill(jane);
  assert.equal(await ways.isVisible(), false);
  await address(page).fill("+1 415 555 0100");
  await ways.waitFor();
  await page.getByRole("radio", { name: "WhatsApp" }).check();
  await page.getByRole("button", { name: "Send code" }).click();
  await page.getByText("Check your phone").waitFor();
  const [message] = await stage.house.outbox("+14155550100");
  assert.equal(message.channel, "whatsapp");

  const instead = page.getByRole("button", { name: "Send by SMS instead" });
  assert.equal(await instead.getAttribute("aria-disabled"), "true");
  await page.clock.install();
  await page.clock.fastForward(31_000);
  await stage.house.advance(31);
  await page.locator("button[aria-disabled=false]", { hasText: "Send by SMS instead" }).click();
  await page.getByRole("button", { name: "Send by WhatsApp instead" }).waitFor();
  await codeField(page).fill(await stage.house.code("+14155550100"));
  await page.getByText("You are signed in.").waitFor();
});

test("a pasted number is one, and the code is taken in Arabic digits", async () => {
  const page = await shown();
  const ways = page.getByRole("group", { name: "Send the code by" });
  await address(page).fill("\u202a+1\u00a0(415)\u00a0555\u20110100\u202c");
  await ways.waitFor();
  await address(page).fill("\u202a+\u0661\u0664\u0661\u0665\u202c");
  await page.getByRole("button", { name: "Send code" }).click();
  await alert(page).getByText("not a phone number with country code").waitFor();
  await asks(page, "\u202a+\u0661 \u0664\u0661\u0665 \u0665\u0665\u0665 \u0660\u0661\u0660\u0660\u202c");
  await page.getByText("Check your phone").waitFor();
  const code = await stage.house.code("+14155550100");
  const arabic = code.replace(/\d/g, (digit) => String.fromCodePoint(0x660 + Number(digit)));
  await codeField(page).pressSequentially(arabic);
  assert.equal(await codeField(page).inputValue(), code);
  await page.keyboard.press("Enter");
  await page.getByText("You are signed in.").waitFor();
});

test("a language that the service does not know stops nobody, and is not blamed on the address", async () => {
  const page = await shown({ "page-lang": "xx", "source-url": "file:///index.html" });
  await asks(page, jane);
  await codeField(page).fill(await stage.house.code(jane));
  await page.getByText("You are signed in.").waitFor();
  assert.deepEqual(await page.evaluate(() => window.events), [["latchkey-signed-in", jane]]);

  // Were another field refused, the address would not be called wrong.
  const other = await shown({ reauthenticate: "" });
  await other.route("**/api/auth/otp/request/", (route) =>
    route.fulfill({
      status: 422,
      headers: { "Access-Control-Allow-Origin": stage.url, "Content-Type": "application/problem+json" },
      body: JSON.stringify({
        type: "about:blank", title: "Wrong", status: 422, detail: "Wrong.", instance: "1", success: false, code: "invalid_request",
        errors: [{ pointer: "/something", code: "invalid_something", detail: "Expected something." }],
      }),
    }));
  await address(other).fill(jane);
  await other.getByRole("button", { name: "Send code" }).click();
  await alert(other).getByText("Something is not working on our side.").waitFor();
});

test("the code of a text message is read where the browser can", async () => {
  await person.addInitScript(() => {
    window.OTPCredential = class {};
    window.asked = [];
    navigator.credentials.get = ({ otp, signal }) => {
      window.asked.push(otp.transport);
      signal.addEventListener("abort", () => window.asked.push("aborted"));
      return new Promise((resolve) => (window.arrives = (code) => resolve({ code })));
    };
  });
  const page = await shown();
  await asks(page, jane);
  assert.deepEqual(await page.evaluate(() => window.asked), []);
  await page.getByRole("button", { name: "Use another address" }).click();
  await asks(page, "+14155550100");
  assert.deepEqual(await page.evaluate(() => window.asked), [["sms"]]);
  await page.getByRole("button", { name: "Use another address" }).click();
  assert.deepEqual(await page.evaluate(() => window.asked), [["sms"], "aborted"]);
  await asks(page, "+14155550100");
  await page.evaluate((code) => window.arrives(code), await stage.house.code("+14155550100"));
  await page.getByText("You are signed in.").waitFor();
});

test("what becomes of the message is shown, and the next send is counted down to", async () => {
  const page = await shown();
  await page.clock.install();
  await asks(page, jane);
  const status = page.getByRole("status");
  assert.equal(await status.textContent(), "On its way");
  await page.getByText("Send again in 0:30").waitFor();
  const [message] = await stage.house.outbox(jane);
  await stage.house.desk("POST", `deliveries/${message.id}/status`, { status: "delivered" });
  await page.clock.runFor(2000);
  await status.getByText("Delivered. Not in your inbox?").waitFor();
  await page.clock.fastForward(40_000);
  await stage.house.advance(40);
  const again = page.getByRole("button", { name: "Send again" });
  assert.equal(await again.textContent(), "Send again");
  await again.click();
  await page.getByText("Send again in 0:30").waitFor();
  const [second] = await stage.house.outbox(jane);
  await stage.house.desk("POST", `deliveries/${second.id}/status`, { status: "bounce" });
  await page.clock.runFor(2000);
  await status.getByText("The message came back. Is the address right?").waitFor();
  await page.clock.fastForward(600_000);
  await alert(page).getByText("no longer valid").waitFor();
});

test("a limit is a wait that is counted down, and then one may go on", async () => {
  const other = await shown();
  await asks(other, jane);
  const page = await shown();
  await page.evaluate(() => sessionStorage.clear());
  await page.reload();
  await page.clock.install();
  await address(page).fill(jane);
  const send = page.getByRole("button", { name: "Send code" });
  await send.click();
  await alert(page).getByText("Too many attempts.").waitFor();
  await page.getByRole("timer").getByText(/You can go on in 0:[23]\d/).waitFor();
  assert.equal(await send.getAttribute("aria-disabled"), "true");
  await accessible(page);
  await page.clock.fastForward(31_000);
  await stage.house.advance(31);
  assert.equal(await alert(page).textContent(), "");
  await send.click();
  await codeField(page).waitFor();
});

test("a page that the phone threw away comes back at the same step", async () => {
  const page = await shown();
  await asks(page, jane);
  await page.reload();
  await codeField(page).fill(await stage.house.code(jane));
  await page.getByText("You are signed in.").waitFor();
  assert.equal((await stage.house.outbox(jane)).filter(({ subject }) => subject.includes("code")).length, 1);
  await page.reload();
  await page.getByText("You are signed in.").waitFor();
});

test("without a connection it says so and lets one try again", async () => {
  const page = await shown();
  await page.route("**/api/**", (route) => route.abort());
  await address(page).fill(jane);
  await page.getByRole("button", { name: "Send code" }).click();
  await alert(page).getByText("No connection.").waitFor();
  await page.unroute("**/api/**");
  await page.getByRole("button", { name: "Send code" }).click();
  await codeField(page).waitFor();
});

test("somebody who is signed in proves it again", async () => {
  const page = await shown();
  await asks(page, jane);
  await codeField(page).fill(await stage.house.code(jane));
  await page.getByText("You are signed in.").waitFor();
  await stage.house.advance(700);
  await stage.house.desk("DELETE", "outbox");
  const again = await shown({ reauthenticate: "", identifier: jane });
  await again.getByText("Confirm that it is you").waitFor();
  assert.equal(await address(again).inputValue(), jane);
  await asks(again, jane);
  await codeField(again).fill(await stage.house.code(jane));
  await again.getByText("You are signed in.").waitFor();
});

const WORDS = {
  en: "Sign in",
  de: "Anmelden",
  "es-MX": "Entrar",
  fr: "Connexion",
  "pt-BR": "Entrar",
  ja: "サインイン",
  sv: "Sign in",
};

test("it speaks the page's language, or the one it is told", async () => {
  for (const [lang, heading] of Object.entries(WORDS)) {
    const page = await shown({ "page-lang": lang });
    assert.equal(await page.locator("h2").textContent(), heading, lang);
    await page.close();
  }
  const told = await shown({ "page-lang": "fr", locale: "ja" });
  assert.equal(await told.locator("h2").textContent(), "サインイン");
  await told.evaluate(() => document.querySelector("latchkey-sign-in").setAttribute("locale", "de"));
  assert.equal(await told.locator("h2").textContent(), "Anmelden");
  await told.getByLabel("E-Mail-Adresse").fill(jane);
  await told.keyboard.press("Enter");
  await told.getByText("Wir haben einen Code mit 6 Ziffern").waitFor();
  assert.match((await stage.house.outbox(jane))[0].subject, /Anmeldecode/);
});

for (const colorScheme of ["light", "dark"]) {
  test(`axe finds nothing and fingers find everything, ${colorScheme}`, async () => {
    await person.close();
    // Without motion, or colours are measured while they appear.
    person = await stage.person({ colorScheme, reducedMotion: "reduce", viewport: { width: 320, height: 640 } });
    const page = await shown();
    await accessible(page);
    await address(page).fill("+14155550100");
    await accessible(page);
    await pressable(page);
    await address(page).fill("nope");
    await page.keyboard.press("Enter");
    await alert(page).getByText("neither").waitFor();
    await accessible(page);
    await asks(page, jane);
    await accessible(page);
    await pressable(page);
    await codeField(page).fill("000000");
    await alert(page).getByText("not right").waitFor();
    await accessible(page);
    await codeField(page).fill(await stage.house.code(jane));
    await page.getByText("You are signed in.").waitFor();
    await accessible(page);
    await pressable(page);
  });
}
