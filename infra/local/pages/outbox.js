// The outbox: what the providers' twins were given to send, the newest first.

const $ = (id) => document.getElementById(id);
const seen = new Set();

function element(tag, className, text) {
  const made = document.createElement(tag);
  if (className) made.className = className;
  if (text !== undefined) made.textContent = text;
  return made;
}

/** The code in a message: digits that stand alone, six to ten of them. */
function codeOf(message) {
  return (message.subject ?? message.text ?? "").match(/(?<!\d)\d{6,10}(?!\d)/)?.[0]
    ?? (message.text ?? "").match(/(?<!\d)\d{6,10}(?!\d)/)?.[0];
}

function card(message) {
  const made = element("article", seen.has(message.id) ? "message" : "message new");
  seen.add(message.id);
  const head = element("header");
  head.append(element("span", "to", message.to));
  const code = codeOf(message);
  if (code) head.append(element("span", "otp", code));
  head.append(element("span", "tag", message.channel), element("span", "tag", message.status));
  const time = element("time", "quiet", new Date(message.at).toLocaleTimeString());
  time.dateTime = message.at;
  head.append(time);
  made.append(head);
  if (message.subject) made.append(element("div", "", message.subject));
  const details = element("details");
  details.append(element("summary", "", "Text"), element("pre", "", message.text ?? ""));
  if (message.html) {
    const link = element("a", "", "As HTML");
    link.href = `/_local/outbox/${message.id}/html`;
    details.append(link);
  }
  details.append(element("p", "quiet", `${message.provider} ${message.provider_message_id}`));
  made.append(details);
  return made;
}

let shown = "";

async function look() {
  try {
    const to = $("to").value.trim();
    const query = to ? `?to=${encodeURIComponent(to)}` : "";
    const [messages, clock] = await Promise.all(
      [`/_local/outbox${query}`, "/_local/clock"].map((path) => fetch(path).then((r) => r.json())),
    );
    $("alert").textContent = "";
    $("clock").textContent = `· ${new Date(clock.now).toLocaleString()} here`;
    const text = JSON.stringify(messages);
    if (text === shown) return; // what is open stays open
    shown = text;
    $("count").textContent = messages.length === 1 ? "1 message" : `${messages.length} messages`;
    $("messages").replaceChildren(...messages.slice(0, 200).map(card));
  } catch {
    $("alert").textContent = "The local cloud does not answer.";
  }
}

$("to").addEventListener("input", look);
$("clear").addEventListener("click", async () => {
  await fetch("/_local/outbox", { method: "DELETE" });
  look();
});

look();
setInterval(look, 1500);
