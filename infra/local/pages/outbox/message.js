// One message: who it went to, its code, its text and HTML in light and dark, and what the provider is to report of it.

import { make } from "../parts/dom.js";
import { way } from "../parts/words.js";

const TIME = new Intl.DateTimeFormat("en-GB", { timeStyle: "medium" });
const REPORTS = [["delivered", "Delivered"], ["undelivered", "Undelivered"], ["failed", "Failed"], ["bounce", "Bounced"], ["complaint", "Marked as spam"]];
const GOOD = ["delivered", "read"];
const BAD = ["failed", "undelivered", "bounce", "bounced", "complaint", "complained"];

/** The code in a message: digits that stand alone, six to ten of them. */
const codeOf = ({ subject, text }) =>
  [subject, text].map((words) => (words ?? "").match(/(?<![\d+])\d{6,10}(?!\d)/)?.[0]).find(Boolean);

export function messageCard(message, { isNew, afterReport }) {
  const status = make("span", { class: "tag" });
  const code = codeOf(message);
  const details = make("details", {}, make("summary", {}, "Message"));
  details.addEventListener("toggle", () => unfold(details, message, afterReport), { once: true });
  const element = make("article", { class: isNew ? "message new" : "message" },
    make("div", { class: "line" },
      make("span", { class: "to" }, message.to),
      make("span", { class: "tag" }, way(message.channel)), status,
      make("time", { class: "quiet number", datetime: message.at }, TIME.format(new Date(message.at)))),
    make("h2", {}, message.subject ?? firstLine(message)),
    code && copyable(code),
    details);
  const update = (now) => {
    status.textContent = now.status;
    status.className = `tag${GOOD.includes(now.status) ? " good" : BAD.includes(now.status) ? " bad" : ""}`;
  };
  return { element, update };
}

const firstLine = ({ text }) => (text ?? "").split("\n")[0] || "A message without text";

function copyable(code) {
  const hint = make("small", { "aria-live": "polite" }, "Copy");
  const copy = async () => {
    await navigator.clipboard.writeText(code);
    hint.textContent = "Copied";
  };
  return make("button", { type: "button", class: "otp", onclick: copy }, code, hint);
}

/** The rest of a message is made when somebody wants to see it. */
function unfold(details, message, afterReport) {
  const place = make("div");
  const views = [["Text", () => make("pre", {}, message.text ?? "")]];
  if (message.html) {
    for (const scheme of ["light", "dark"]) {
      const src = `/_local/outbox/${message.id}/html?scheme=${scheme}`;
      views.push([`HTML ${scheme}`, () => make("iframe", { src, title: `Message as HTML, ${scheme}` })]);
    }
  }
  const choose = (view) => place.replaceChildren(view());
  const group = `view-${message.id}`;
  const choices = views.map(([name, view], index) =>
    make("label", {}, make("input", { type: "radio", name: group, checked: index === 0, onchange: () => choose(view) }), name));
  choose(views[0][1]);
  details.append(...[
    make("fieldset", { class: "views" }, make("legend", { class: "unseen" }, "Show as"), make("div", { class: "choices" }, choices)),
    place,
    message.html && make("p", {}, make("a", { href: `/_local/outbox/${message.id}/html`, target: "_blank" }, "Open the HTML by itself")),
    report(message, afterReport),
    make("p", { class: "quiet" }, `${message.provider} ${message.provider_message_id}`, message.delivery_id && ` · ${message.delivery_id}`),
  ].filter(Boolean));
}

/** Has the provider's emulator call back, as the provider would. */
function report({ id }, afterReport) {
  const select = make("select", { id: `report-${id}` }, REPORTS.map(([value, name]) => make("option", { value }, name)));
  const told = make("p", { class: "quiet", role: "status" });
  const send = async (event) => {
    event.preventDefault();
    const body = JSON.stringify({ status: select.value });
    const answer = await fetch(`/_local/deliveries/${id}/status`, { method: "POST", body });
    const { error, status } = await answer.json();
    told.textContent = error ?? `The webhook answered ${status}.`;
    afterReport();
  };
  return make("form", { class: "row report", onsubmit: send },
    make("div", {}, make("label", { for: `report-${id}` }, "Have the provider report"), select),
    make("button", { class: "plain" }, "Report"), told);
}
