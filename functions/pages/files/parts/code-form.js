// A form for a code: where it went, what became of the message, the code, another one. Used to confirm that it is still
// the same person, and to prove a new address.

import { digits } from "../latchkey.js";
import { make, busy, saying } from "./dom.js";
import { latchkey } from "./session.js";
import { delivery } from "./words.js";

let forms = 0;

/**
 * Sends a code by `ask()` and shows the form in `place`; settles with what `prove(code)` gives, or with nothing when the
 * person cancels or `signal` says that the place is gone. What fails at the first sending is thrown, and no form is shown.
 */
export async function codeForm(place, { sentTo, submit, ask, prove, signal }) {
  const first = await ask();
  if (signal.aborted) return undefined;
  const id = `code-${++forms}`;
  const leaving = new AbortController();
  const alert = make("p", { class: "alert", role: "alert" });
  const status = make("p", { class: "hint", role: "status" });
  const input = make("input", {
    id, class: "code", type: "text", name: "code", autocomplete: "one-time-code", inputmode: "numeric", maxlength: 10,
    spellcheck: "false", required: true, "aria-describedby": `${id}-hint`,
  });
  const again = make("button", { type: "button", class: "bare" }, "Send again");
  const cancel = make("button", { type: "button", class: "plain" }, "Cancel");
  const form = make("form", { novalidate: true, class: "code-form" },
    make("p", { id: `${id}-hint` }, "We sent a code to ", make("strong", {}, sentTo), "."),
    alert,
    make("div", { class: "field" }, make("label", { for: id }, "Code"), input, status),
    make("div", { class: "row" }, make("button", {}, submit), cancel, again));
  const say = saying(alert);

  let watching = new AbortController();
  let stop = () => {};
  const follow = (sent) => {
    watching.abort();
    watching = new AbortController();
    stop();
    stop = latchkey.countdown(sent.resend_in, (left) => {
      again.disabled = left > 0;
      again.textContent = left > 0 ? `Send again in ${left} s` : "Send again";
    });
    latchkey.watchDelivery(sent.delivery_id, ({ status: word }) => (status.textContent = delivery(word)), watching.signal)
      .catch(() => {}); // only the comfort of seeing it arrive is lost
  };
  leaving.signal.addEventListener("abort", () => {
    watching.abort();
    stop();
    form.remove();
  });

  place.append(form);
  follow(first);
  input.focus();
  return new Promise((settle) => {
    const end = (result) => {
      leaving.abort();
      settle(result);
    };
    signal.addEventListener("abort", () => end(undefined), { once: true });
    input.addEventListener("input", () => (input.value = digits(input.value).replace(/\D/g, "")));
    again.addEventListener("click", () => busy(again, say, async () => follow(await ask())).then(() => input.focus()));
    cancel.addEventListener("click", () => end(undefined));
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      busy(form, say, async () => end({ value: await prove(input.value) })).then(() => input.select());
    });
  });
}
