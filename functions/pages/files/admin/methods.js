// The ways of signing in, each with its colour.

export const METHODS = [
  { method: "otp_email", channel: "email", name: "E-mail", style: "email" },
  { method: "otp_phone", channel: "phone", name: "SMS", style: "phone" },
  { method: "otp_whatsapp", channel: "whatsapp", name: "WhatsApp", style: "whatsapp" },
];

export const count = (number) => number.toLocaleString("en");

/** A part of a whole, or nothing where there is no whole. */
export const part = (some, all) => (all ? Math.min(1, some / all) : null);

export const percent = (rate) => (rate === null ? "–" : `${(rate * 100).toFixed(rate < 1 ? 1 : 0)} %`);
