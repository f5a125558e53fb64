// Sign-ins and reads a second, and the computing of each, of one server after the other:
//   node measure.mjs SECONDS NAME=PID=URL…
// A sign-in is: ask for a code, read the mail, send the code back. A read is: who am I. Sixteen people do one after the
// other, each sign-in a new address. Computing is what the server's process used, all its threads, by /proc.
import { readFileSync } from "node:fs";
import { Agent, request } from "node:http";
import { execFileSync } from "node:child_process";

const PEOPLE = 16;
const TICKS = Number(execFileSync("getconf", ["CLK_TCK"]));
const [seconds, ...servers] = process.argv.slice(2);
const agent = new Agent({ keepAlive: true, maxSockets: PEOPLE });

function call(url, { method = "GET", headers = {}, body } = {}) {
  const text = body && JSON.stringify(body);
  const type = text ? { "content-type": "application/json", "content-length": Buffer.byteLength(text) } : {};
  return new Promise((resolve, reject) => {
    const sent = request(url, { agent, method, headers: { ...headers, ...type } }, (answer) => {
      const parts = [];
      answer.on("data", (part) => parts.push(part));
      answer.on("error", reject);
      answer.on("end", () => {
        const text = Buffer.concat(parts).toString();
        if (answer.statusCode !== 200) return reject(new Error(`${method} ${url}: ${answer.statusCode} ${text}`));
        resolve({ headers: answer.headers, text });
      });
    });
    sent.on("error", reject);
    sent.end(text);
  });
}

let guests = 0;
const clients = {
  latchkey: {
    // Everybody calls from an address of their own, since our limits are on.
    async signIn(url) {
      const n = guests++;
      const headers = { "x-local-source-ip": `10.${(n >> 16) & 255}.${(n >> 8) & 255}.${n & 255}` };
      const identifier = `guest${n}@example.com`;
      await call(`${url}/api/auth/otp/request/`, { method: "POST", headers, body: { identifier } });
      const [mail] = JSON.parse((await call(`${url}/_local/outbox?to=${identifier}`)).text);
      const body = { identifier, otp_code: /\b\d{6}\b/.exec(mail.text)[0] };
      const answer = await call(`${url}/api/auth/otp/verify/`, { method: "POST", headers, body });
      return { authorization: `Bearer ${JSON.parse(answer.text).tokens.access}` };
    },
    read: (url, headers) => call(`${url}/api/profile/`, { headers }),
  },
  "better-auth": {
    async signIn(url) {
      const email = `guest${guests++}@example.com`;
      const auth = `${url}/api/auth`;
      const body = { email, type: "sign-in" };
      await call(`${auth}/email-otp/send-verification-otp`, { method: "POST", body });
      const otp = (await call(`${url}/code?${email}`)).text;
      const answer = await call(`${auth}/sign-in/email-otp`, { method: "POST", body: { email, otp } });
      return { cookie: answer.headers["set-cookie"].map((cookie) => cookie.split(";")[0]).join("; ") };
    },
    read: async (url, headers) => {
      const { text } = await call(`${url}/api/auth/get-session`, { headers });
      if (!JSON.parse(text)?.user) throw new Error(`nobody is signed in: ${text}`);
    },
  },
};

/** Milliseconds that a process has computed. */
function computed(pid) {
  const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1].split(" ");
  return ((Number(fields[11]) + Number(fields[12])) * 1000) / TICKS;
}

/** How many a second, and how many milliseconds of computing each. */
async function rate(pid, once) {
  const begun = performance.now();
  const before = computed(pid);
  const end = begun + Number(seconds) * 1000;
  let done = 0;
  const person = async () => {
    for (; performance.now() < end; done++) await once();
  };
  await Promise.all(Array.from({ length: PEOPLE }, person));
  const passed = (performance.now() - begun) / 1000;
  return { perSecond: done / passed, computing: (computed(pid) - before) / done };
}

console.log("| | sign-ins a second | computing of one, ms | reads a second | computing of one, ms |");
console.log("|---|---|---|---|---|");
for (const server of servers) {
  const [name, pid, url] = server.split("=");
  const { signIn, read } = clients[name];
  for (let warm = 0; warm < 20; warm++) await signIn(url);
  const signIns = await rate(pid, () => signIn(url));
  const headers = await signIn(url);
  for (let warm = 0; warm < 20; warm++) await read(url, headers);
  const reads = await rate(pid, () => read(url, headers));
  const shown = [signIns, reads].flatMap(({ perSecond, computing }) => [perSecond.toFixed(0), computing.toFixed(2)]);
  console.log(`| ${name} | ${shown.join(" | ")} |`);
}
agent.destroy();
