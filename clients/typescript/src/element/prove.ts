import { countdown, digits, type Channel, type Delivery } from "../latchkey.js";
import { enable, h, isOn, sentence } from "./dom.js";
import { Notice } from "./notice.js";
import { left, type Pending } from "./pending.js";
import type { Situation, View } from "./view.js";
import { codeFromText } from "./webotp.js";
import { fill, time } from "./words.js";

interface Wishes {
  prove(code: string): Promise<void>;
  /** Sends again, by another way if one is named. */
  again(channel: Channel | undefined): Promise<void>;
  other(): void;
}

/** The second step: the code. */
export function prove(at: Situation, pending: Pending, wishes: Wishes): View {
  const { words, signal } = at;
  const mail = pending.sent.channel === "email";
  const about = { kind: mail ? "email" : "phone", digits: at.digits } as const;
  const notice = new Notice(words);
  const to = h("bdi", { class: "to" }, pending.identifier);
  const text = h("p", { part: "text", id: "sent" }, ...sentence(fill(words.sentTo, { n: at.digits }), "{to}", to));
  const input = h("input", {
    part: "input code",
    class: "code",
    id: "code",
    name: "code",
    type: "text",
    inputmode: "numeric",
    autocomplete: "one-time-code",
    enterkeyhint: "done",
    spellcheck: "false",
    dir: "ltr",
    required: true,
    "aria-describedby": "sent alert",
  });
  const button = h("button", { part: "button", type: "submit" }, words.confirm);
  const status = h("p", { part: "status", class: "status", role: "status" });
  const again = link(words.again);
  const instead = otherWay(at, pending);
  const other = link(words.other);
  const form = h("form", { novalidate: true }, h("h2", { part: "heading" }, mail ? words.checkMail : words.checkPhone), text, status);
  form.append(
    h("div", { class: "field" }, h("label", { part: "label", for: "code" }, words.code), input),
    notice.node,
    button,
    h("div", { class: "links" }, again, ...(instead ? [instead.button] : []), other),
  );

  const submit = async () => {
    if (!isOn(button) || button.ariaBusy === "true") return;
    input.value = digits(input.value);
    if (!new RegExp(`^[0-9]{${at.digits}}$`).test(input.value)) {
      notice.say(fill(words.wrongLength, { n: at.digits }));
      return refused();
    }
    button.ariaBusy = "true";
    notice.clear();
    try {
      await wishes.prove(input.value);
    } catch (error) {
      if (signal.aborted) return;
      at.report(error);
      enable(button, false);
      notice.tell(error, about, () => enable(button, true), signal);
      refused();
    } finally {
      button.ariaBusy = null;
    }
  };
  const refused = () => {
    input.setAttribute("aria-invalid", "true");
    input.focus();
    input.select();
  };
  input.addEventListener("input", (event) => {
    const { isComposing, inputType = "", data } = event as InputEvent;
    // In the middle of a Japanese or Chinese character the value is not ours to change.
    if (isComposing) return;
    input.removeAttribute("aria-invalid");
    const tidy = digits(input.value);
    if (tidy !== input.value) input.value = tidy;
    // Typed digits may still be corrected; what came in one piece, by paste or autofill, is complete.
    const typed = inputType.startsWith("delete") || data?.length === 1;
    if (!typed && tidy.length === at.digits) void submit();
  });
  input.addEventListener("compositionend", () => (input.value = digits(input.value)));
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    void submit();
  });

  const send = async (channel: Channel | undefined, pressed: HTMLButtonElement) => {
    if (!isOn(pressed) || pressed.ariaBusy === "true") return;
    pressed.ariaBusy = "true";
    notice.clear();
    try {
      await wishes.again(channel);
    } catch (error) {
      if (signal.aborted) return;
      at.report(error);
      enable(pressed, false);
      notice.tell(error, about, () => enable(pressed, true), signal);
    } finally {
      pressed.ariaBusy = null;
    }
  };
  again.addEventListener("click", () => void send(pending.channel, again));
  instead?.button.addEventListener("click", () => void send(instead.way, instead.button));
  other.addEventListener("click", () => wishes.other());

  countdown(
    left(pending, pending.sent.resend_in),
    (seconds) => {
      again.textContent = seconds ? fill(words.againIn, { time: time(seconds) }) : words.again;
      for (const one of [again, instead?.button]) if (one) enable(one, seconds === 0);
    },
    signal,
  );
  countdown(left(pending, pending.sent.expires_in), (seconds) => seconds || notice.say(words.expired), signal);
  show(status, "queued", words.onItsWay);
  void at.client
    .watchDelivery(pending.sent.delivery_id, ({ status: now }) => show(status, now, said(now, mail, at)), signal)
    .catch(at.report);
  if (!mail) {
    void codeFromText(signal).then((code) => {
      if (code === null || signal.aborted) return;
      input.value = digits(code);
      void submit();
    });
  }
  return { node: form, focus: () => input.focus() };
}

function link(text: string): HTMLButtonElement {
  return h("button", { part: "link", class: "link", type: "button" }, text);
}

/** The way that was not taken, where the app offers both. */
function otherWay({ channels, words }: Situation, { sent }: Pending): { way: Channel; button: HTMLButtonElement } | null {
  const sms = channels.find((way) => way === "sms" || way === "phone");
  if (sent.channel === "whatsapp" && sms) return { way: sms, button: link(words.bySms) };
  if (sent.channel === "phone" && channels.includes("whatsapp")) return { way: "whatsapp", button: link(words.byWhatsapp) };
  return null;
}

function show(line: HTMLElement, state: Delivery["status"], text: string): void {
  line.dataset["state"] = state;
  if (line.textContent !== text) line.textContent = text;
}

function said(state: Delivery["status"], mail: boolean, { words }: Situation): string {
  if (state === "queued" || state === "sent") return words.onItsWay;
  if (state === "delivered" || state === "read") return mail ? words.deliveredMail : words.delivered;
  return state === "failed" ? words.undelivered : words.cameBack;
}
