// A crowd that has signed in over the last weeks, so that the figures have something to show. Chance is a fixed sequence.

const SITES = [
  ["https://dashboard.example.com/start", 9], ["https://shop.example.com", 6], ["https://app.example.org/welcome", 4],
  ["https://docs.example.net", 2], ["https://a-rather-long-name-of-a-partner.example.co.uk", 1], [undefined, 2],
];
const CHANNELS = [["email", 10], ["phone", 4], ["whatsapp", 2]];

/** Numbers between 0 and 1 that are the same each time (mulberry32). */
function chance(seed) {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Signs up `users` over `days` days that end now; some come back, some mistype, some messages come back. */
export async function crowd(house, { users, days, seed = 7 }) {
  const next = chance(seed);
  const pick = (weighted) => {
    let left = next() * weighted.reduce((sum, [, weight]) => sum + weight, 0);
    return weighted.find(([, weight]) => (left -= weight) < 0)?.[0];
  };
  await house.advance(-days * 86_400);
  const step = Math.floor((days * 86_400) / users);
  const known = [];
  for (let index = 0; index < users; index += 1) {
    await house.advance(Math.floor(step * (0.5 + next())));
    const ip = `10.1.${index >> 8}.${index & 255}`;
    const request = (path, body) => house.api(path, body, { ip }).catch(() => null); // a limit is part of the picture
    const isBack = known.length > 5 && next() < 0.3;
    const person = isBack ? known[Math.floor(next() * known.length)] : newcomer(index, pick(CHANNELS), pick(SITES));
    if (!(await request("auth/otp/request/", person))) continue;
    const [message] = await house.mails(person.identifier);
    if (!message) continue;
    const luck = next();
    await house.report(message.id, luck < 0.03 ? (person.channel === "email" ? "bounce" : "undelivered") : "delivered");
    if (luck < 0.12) continue; // never typed in
    const proof = { identifier: person.identifier, channel: person.channel, source_url: person.source_url };
    if (luck > 0.85) await request("auth/otp/verify/", { ...proof, otp_code: "000000" });
    if (luck > 0.97) await request("auth/otp/request/", person);
    if ((await request("auth/otp/verify/", { ...proof, otp_code: await house.code(person.identifier) })) && !isBack) known.push(person);
  }
}

function newcomer(index, channel, source_url) {
  const identifier = channel === "email" ? `visitor${index}@example.com` : `+1415555${String(2000 + index).padStart(4, "0")}`;
  return { identifier, channel, source_url };
}
