import { clean } from "../identifiers.js";
import { looksLikePhone, type Channel } from "../latchkey.js";
import { enable, h, isOn } from "./dom.js";
import { Notice, type About } from "./notice.js";
import type { View, Situation } from "./view.js";

export interface Asked {
  readonly identifier: string;
  readonly channel: Channel | undefined;
}

/** The first step: where to send the code. */
export function ask(at: Situation, prefill: string, onAsk: (asked: Asked) => Promise<void>): View {
  const { words, channels, signal } = at;
  const [mail, texts] = [channels.includes("email"), channels.filter((way) => way !== "email")];
  const kind = !texts.length ? "email" : mail ? "either" : "phone";
  const notice = new Notice(words);
  const input = h("input", { part: "input", id: "identifier", name: "identifier", required: true, ...keyboard(kind) });
  input.value = prefill;
  const hint = h("p", { part: "text", class: "quiet hint", id: "hint", hidden: kind === "email" }, words.phoneHint);
  input.setAttribute("aria-describedby", kind === "email" ? "alert" : "hint alert");
  const ways = wayChooser(at, texts);
  const button = h("button", { part: "button", type: "submit" }, words.sendCode);
  const label = { email: words.email, phone: words.phone, either: words.emailOrPhone }[kind];
  const heading = h("h2", { part: "heading" }, at.again ? words.confirmItIsYou : words.signIn);
  const form = h("form", { novalidate: true }, heading);
  form.append(
    h("div", { class: "field" }, h("label", { part: "label", for: "identifier" }, label), input, hint),
    ways.node,
    notice.node,
    button,
  );

  const isPhone = () => kind === "phone" || (kind === "either" && looksLikePhone(input.value));
  const typed = () => ways.show(isPhone());
  typed();
  input.addEventListener("input", () => {
    typed();
    notice.clear();
    input.removeAttribute("aria-invalid");
    enable(button, true);
  });
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    if (!isOn(button) || button.ariaBusy === "true") return;
    const about: About = { kind: isPhone() ? "phone" : kind === "either" && !input.value.includes("@") ? "either" : "email", digits: at.digits };
    button.ariaBusy = "true";
    notice.clear();
    try {
      await onAsk({ identifier: clean(input.value), channel: isPhone() ? ways.chosen() : undefined });
    } catch (error) {
      if (signal.aborted) return;
      at.report(error);
      enable(button, false);
      notice.tell(error, about, () => enable(button, true), signal);
      if (isOn(button)) {
        input.setAttribute("aria-invalid", "true");
        input.focus();
      }
    } finally {
      button.ariaBusy = null;
    }
  });
  return { node: form, focus: () => input.focus() };
}

/** What a phone's keyboard and the browser's memory should offer. */
function keyboard(kind: About["kind"]): { [name: string]: string } {
  const own = { spellcheck: "false", autocapitalize: "none", dir: "ltr" };
  if (kind === "phone") return { ...own, type: "tel", autocomplete: "tel" };
  return { ...own, type: "text", inputmode: "email", autocomplete: kind === "email" ? "email" : "username" };
}

/** SMS or WhatsApp, where a phone number may choose. */
function wayChooser({ words }: Situation, ways: readonly Channel[]) {
  const names = { sms: words.sms, phone: words.sms, whatsapp: words.whatsapp, email: words.email };
  const radios = ways.map((way, index) => {
    const radio = h("input", { type: "radio", name: "way", value: way, checked: index === 0 });
    return { radio, label: h("label", { part: "label", class: "way" }, radio, names[way]) };
  });
  const node = h("fieldset", { class: "ways", hidden: true }, h("legend", { part: "label" }, words.way));
  node.append(h("div", { class: "row" }, ...radios.map(({ label }) => label)));
  return {
    node,
    show: (phone: boolean) => (node.hidden = !phone || ways.length < 2),
    chosen: () => (radios.find(({ radio }) => radio.checked)?.radio.value ?? ways[0]) as Channel | undefined,
  };
}
