// The e-mail address and the phone number: add, change, remove. Each takes a recent sign-in.

import { $, busy, make, saying } from "../parts/dom.js";
import { codeForm } from "../parts/code-form.js";
import { recently, sure } from "../parts/confirm.js";
import { latchkey } from "../parts/session.js";
import { load, onProfile, profile } from "./person.js";
import { refreshSessions } from "./sessions.js";

const KINDS = {
  email: { member: "email", name: "E-mail address", input: { type: "email", autocomplete: "email", inputmode: "email", placeholder: "jane@example.com" } },
  phone: { member: "phone_number", name: "Phone number", input: { type: "tel", autocomplete: "tel", inputmode: "tel", placeholder: "+1 415 555 0100" } },
};

const say = saying($("addresses-alert"));
let open = new AbortController(); // one thing at a time
let shown = "";
const done = (sentence) => ($("addresses-done").textContent = sentence);

function show(me) {
  // What is being typed stays where these are the same.
  if (shown === `${me.email} ${me.phone_number}`) return;
  shown = `${me.email} ${me.phone_number}`;
  const both = me.email && me.phone_number;
  $("address-list").replaceChildren(...Object.entries(KINDS).map(([kind, { member, name }]) => {
    const address = me[member];
    return make("li", { id: `address-${kind}` },
      make("div", {},
        make("span", { class: "quiet" }, name),
        make("span", { class: "what" }, address ? make("span", {}, breakable(address)) : "None")),
      make("div", { class: "row" },
        make("button", { type: "button", class: "plain", "aria-label": `${address ? "Change" : "Add"} ${name.toLowerCase()}`, onclick: () => edit(kind) }, address ? "Change" : "Add"),
        both && make("button", { type: "button", class: "bare danger", "aria-label": `Remove ${name.toLowerCase()}`, onclick: (event) => busy(event.target, say, () => remove(kind)) }, "Remove")));
  }));
}

/** A narrow line breaks before the @, not within the domain. */
const breakable = (address) => address.split(/(?=@)/).flatMap((part, index) => (index ? [make("wbr"), part] : [part]));

/** Afterwards the buttons are new ones. */
const backTo = (kind) => document.querySelector(`#address-${kind} button`)?.focus();

function edit(kind) {
  done("");
  say("");
  open.abort();
  open = new AbortController();
  document.querySelectorAll("#address-list form").forEach((form) => form.remove());
  const { name, input } = KINDS[kind];
  const id = `new-${kind}`;
  const alert = make("p", { class: "alert", role: "alert" });
  const field = make("input", { id, required: true, spellcheck: "false", ...input });
  const whatsapp = make("input", { type: "checkbox", id: "by-whatsapp" });
  const cancel = make("button", { type: "button", class: "plain" }, "Cancel");
  const form = make("form", { novalidate: true }, alert,
    make("div", { class: "field" }, make("label", { for: id }, `New ${name.toLowerCase()}`), field),
    kind === "phone" && make("div", { class: "choices field" }, make("label", {}, whatsapp, "Send the code by WhatsApp")),
    make("div", { class: "row" }, make("button", {}, "Send a code there"), cancel));
  cancel.addEventListener("click", () => {
    form.remove();
    backTo(kind);
  });
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const wish = { identifier: field.value.trim(), channel: kind === "email" ? "email" : whatsapp.checked ? "whatsapp" : "phone" };
    busy(form, saying(alert), () => prove(kind, wish, form));
  });
  $(`address-${kind}`).append(form);
  field.focus();
}

async function prove(kind, wish, form) {
  const place = $(`address-${kind}`);
  const proven = await recently(profile(), () => {
    form.hidden = true;
    return codeForm(place, {
      sentTo: wish.identifier,
      submit: "Confirm",
      signal: open.signal,
      ask: () => latchkey.requestAddress(wish),
      prove: (code) => latchkey.verifyAddress({ identifier: wish.identifier, channel: wish.channel, code }),
    });
  }).catch((error) => {
    form.hidden = false;
    throw error;
  });
  if (!proven?.value) {
    form.hidden = false;
    form.querySelector("input").focus();
    return;
  }
  await settled(kind, `${KINDS[kind].name} saved. Your other sessions were ended, and we sent you a message about it.`);
}

async function remove(kind) {
  done("");
  const { name, member } = KINDS[kind];
  const me = profile();
  if (!(await sure(`Remove ${me[member]}?`, `Codes to this ${name.toLowerCase()} no longer sign in, and your other sessions end.`, "Remove"))) return;
  const removed = await recently(me, () => latchkey.api.DELETE("/api/profile/identifiers/{kind}/", { params: { path: { kind } } }));
  if (removed) await settled(kind, `${name} removed. Your other sessions were ended, and we sent you a message about it.`);
}

async function settled(kind, sentence) {
  await load();
  done(sentence);
  backTo(kind);
  refreshSessions();
}

export function startAddresses() {
  onProfile(show);
}
