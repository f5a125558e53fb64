// Two questions before something is done: "are you sure?", and "is it still you?" when the sign-in is too long ago.

import { make, busy, saying } from "./dom.js";
import { codeForm } from "./code-form.js";
import { latchkey } from "./session.js";
import { way } from "./words.js";

/** A dialog that is gone once it is closed; `body(close, signal)` gives what is in it, and `signal` says that it is closed. */
export function dialog(title, body) {
  return new Promise((settle) => {
    const heading = make("h2", { id: "dialog-title" }, title);
    const made = make("dialog", { "aria-labelledby": "dialog-title" }, heading);
    const closing = new AbortController();
    let answer;
    const close = (value) => {
      answer = value;
      made.close();
    };
    made.addEventListener("close", () => {
      closing.abort();
      made.remove();
      settle(answer);
    });
    made.append(...body(close, closing.signal));
    document.body.append(made);
    made.showModal();
  });
}

/** Whether the person wants this. */
export function sure(title, text, yes) {
  return dialog(title, (close) => [
    make("p", {}, text),
    make("div", { class: "row" },
      make("button", { class: "danger", type: "button", onclick: () => close(true) }, yes),
      make("button", { class: "plain", type: "button", autofocus: true, onclick: () => close(false) }, "Cancel")),
  ]);
}

/** Does `work`; where that takes a recent sign-in, has the person confirm by a code that it is they, and does it then. */
export async function recently(profile, work) {
  try {
    return { value: await work() };
  } catch (error) {
    if (error.code !== "reauthentication_required") throw error;
  }
  const confirmed = await confirmIdentity(profile);
  return confirmed ? { value: await work() } : undefined;
}

function confirmIdentity(profile) {
  const ways = [
    profile.email && { identifier: profile.email, channel: "email" },
    profile.phone_number && { identifier: profile.phone_number, channel: "phone" },
  ].filter(Boolean);
  return dialog("Confirm that it is you", (close, signal) => {
    const alert = make("p", { class: "alert", role: "alert" });
    const place = make("div");
    const start = async ({ identifier, channel }) => {
      choice.hidden = true;
      const done = await codeForm(place, {
        sentTo: identifier,
        submit: "Confirm",
        signal,
        ask: () => latchkey.requestCode({ identifier, channel }),
        prove: (code) => latchkey.verifyCode({ identifier, channel, code }),
      }).catch((error) => {
        choice.hidden = false;
        throw error;
      });
      close(Boolean(done));
    };
    const choice = make("div", { class: "row" },
      ways.map((one) => make("button", {
        type: "button",
        onclick: (event) => busy(event.target, saying(alert), () => start(one)),
      }, `Send a code by ${way(one.channel)}`)),
      make("button", { type: "button", class: "plain", onclick: () => close(false) }, "Cancel"));
    return [
      make("p", {}, "Your sign-in was a while ago. Before this is done, enter a fresh code, so that nobody else does it on your device."),
      alert, choice, place,
    ];
  });
}
