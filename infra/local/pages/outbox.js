// The outbox: what the providers' emulators were given to send, the newest first.

import { $ } from "./parts/dom.js";
import { messageCard } from "./outbox/message.js";

const SHOWN = 200;
const cards = new Map();

const TIME = new Intl.DateTimeFormat("en-GB", { dateStyle: "medium", timeStyle: "medium" });
const json = async (path, init) => (await fetch(path, init)).json();

/** Cards stay the same elements, so that what is open stays open. */
function show(messages) {
  const isFirst = cards.size === 0;
  for (const message of [...messages].reverse()) {
    if (!cards.has(message.id)) cards.set(message.id, messageCard(message, { isNew: !isFirst, afterReport: look }));
    cards.get(message.id).update(message);
  }
  const wanted = messages.map(({ id }) => cards.get(id).element);
  const there = $("messages");
  [...there.children].filter((card) => !wanted.includes(card)).forEach((card) => card.remove());
  wanted.forEach((card, index) => {
    if (there.children[index] !== card) there.insertBefore(card, there.children[index] ?? null);
  });
}

async function look() {
  try {
    const to = $("to").value.trim();
    const [messages, clock] = await Promise.all([json(`/_local/outbox${to ? `?to=${encodeURIComponent(to)}` : ""}`), json("/_local/clock")]);
    $("alert").textContent = "";
    $("clock").textContent = TIME.format(new Date(clock.now));
    const count = messages.length === 1 ? "1 message." : `${messages.length} messages.`;
    if ($("count").textContent !== count) $("count").textContent = count;
    $("none").hidden = messages.length > 0;
    show(messages.slice(0, SHOWN));
  } catch {
    $("alert").textContent = "The local cloud does not answer. Is it running?";
  }
}

$("to").addEventListener("input", look);
$("clear").addEventListener("click", async () => {
  await fetch("/_local/outbox", { method: "DELETE" });
  cards.clear();
  look();
});
$("later").addEventListener("click", async () => {
  await json("/_local/clock", { method: "POST", body: JSON.stringify({ advance_seconds: 600 }) });
  look();
});

look();
setInterval(() => document.hidden || look(), 1500);
