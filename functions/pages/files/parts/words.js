// What is said to people: problems as sentences, times, devices, ways.

/** An error of the client as a sentence that says what to do. */
export function sentence(error) {
  switch (error.code) {
    case "otp_invalid":
      return "That code is not right, or not any more. Look for the newest message, or send another code.";
    case "rate_limited":
      return `That was too often. Try again in ${span(error.retryAfter ?? 30)}.`;
    case "invalid_request":
      return error.fields.map((wrong) => wrong.detail).join(" ");
    case "identifier_taken":
      return "This address belongs to another account. Sign in there and remove it first, or use another address.";
    case "last_identifier":
      return "This is the only address of the account. Add another one before you remove it.";
    case "delivery_failed":
      return "The message could not be sent just now. Try again in a moment.";
    case "unavailable":
      return `The service is busy. Try again in ${span(error.retryAfter ?? 5)}.`;
    case "offline":
      return "The service does not answer. Check the connection, and whether the local cloud runs.";
    case "payload_too_large":
      return "That is too large.";
    case "forbidden":
      return "This account may not do that.";
    case "unauthenticated":
    case "refresh_invalid":
      return "You are signed out. Sign in again.";
    case "internal":
      return `Something went wrong on our side. Try again; if it stays, tell support this number: ${error.requestId}`;
    default:
      return error.message;
  }
}

/** Seconds as people say them. */
export function span(seconds) {
  const some = (count, word) => `${count} ${word}${count === 1 ? "" : "s"}`;
  if (seconds < 90) return some(Math.max(1, Math.ceil(seconds)), "second");
  if (seconds < 5400) return some(Math.ceil(seconds / 60), "minute");
  return some(Math.ceil(seconds / 3600), "hour");
}

const MOMENT = new Intl.DateTimeFormat("en-GB", { dateStyle: "medium", timeStyle: "short" });
const DAY = new Intl.DateTimeFormat("en-GB", { dateStyle: "medium" });

export const moment = (time) => MOMENT.format(new Date(time));
export const day = (time) => DAY.format(new Date(time));

const BROWSERS = [
  [/Edg(?:e|A|iOS)?\//, "Edge"],
  [/OPR\/|Opera/, "Opera"],
  [/SamsungBrowser\//, "Samsung Internet"],
  [/Firefox\/|FxiOS\//, "Firefox"],
  [/(?:Headless)?Chrome\/|CriOS\//, "Chrome"],
  [/Version\/.*Safari\//, "Safari"],
  [/^curl\//, "curl"],
];
const SYSTEMS = [
  [/iPhone|iPad/, "iOS"],
  [/Android/, "Android"],
  [/Windows/, "Windows"],
  [/Mac OS X|Macintosh/, "macOS"],
  [/CrOS/, "ChromeOS"],
  [/Linux/, "Linux"],
];

/** What a User-Agent header stands for. */
export function device(agent) {
  const named = (table) => table.find(([pattern]) => pattern.test(agent))?.[1];
  const browser = named(BROWSERS);
  const system = named(SYSTEMS);
  if (browser && system) return `${browser} on ${system}`;
  return browser ?? system ?? (agent.split(/[\s/]/)[0] || "Unknown device");
}

const WAYS = { email: "e-mail", phone: "SMS", sms: "SMS", whatsapp: "WhatsApp", otp_email: "e-mail", otp_phone: "SMS", otp_whatsapp: "WhatsApp" };

/** How a code travelled. */
export const way = (word) => WAYS[word] ?? word;

const STATES = {
  queued: "Your message is on its way.",
  sent: "Your message is on its way.",
  delivered: "Your message was delivered.",
  read: "Your message was delivered.",
  bounced: "The message came back. Is the address right? If it is, messages from us may be blocked there.",
  failed: "The message could not be delivered. Is the address right?",
  complained: "The message was marked as spam, so no more are sent there. Use another address.",
};

/** What became of a message. */
export const delivery = (status) => STATES[status] ?? "";
