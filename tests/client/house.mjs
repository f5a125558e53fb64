// A local cloud for tests, its development API, and people.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";

export class House {
  static async open(...options) {
    const process_ = spawn(process.env.LATCHKEY_LOCAL, ["--memory", "--port", "0", ...options], { stdio: ["ignore", "pipe", "ignore"] });
    for await (const line of createInterface({ input: process_.stdout })) {
      const url = /^open (http:\S+)/.exec(line)?.[1];
      if (url) {
        process_.stdout.resume();
        return new House(url, process_);
      }
    }
    throw new Error("the local cloud did not start");
  }

  constructor(url, process_) {
    this.url = url;
    this.process = process_;
  }

  async close() {
    this.process.kill("SIGTERM");
    await once(this.process, "exit");
  }

  async desk(method, path, body) {
    const init = body === undefined ? { method } : { method, body: JSON.stringify(body) };
    const answer = await fetch(`${this.url}/_local/${path}`, init);
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${await answer.text()}`);
    return answer.status === 204 ? null : answer.json();
  }

  reset() {
    return this.desk("POST", "reset");
  }

  advance(seconds) {
    return this.desk("POST", "clock", { advance_seconds: seconds });
  }

  fault(fault) {
    return this.desk("POST", "faults", fault);
  }

  noFaults() {
    return this.desk("DELETE", "faults");
  }

  outbox(to) {
    return this.desk("GET", `outbox?to=${encodeURIComponent(to)}`);
  }

  /** The code of the newest message that has one. */
  async code(to) {
    for (const { subject, text } of await this.outbox(to)) {
      const code = /\b\d{6}\b/.exec(`${subject} ${text}`)?.[0];
      if (code) return code;
    }
    throw new Error(`no code for ${to}`);
  }

  /** How many sessions were rotated in the work, by what the functions asked of the database. */
  async rotations(work) {
    const rotated = async () => {
      const calls = await this.desk("GET", "calls");
      return calls.filter(({ request_id, operation }) => operation === "UpdateItem" && request_id && !request_id.startsWith("background")).length;
    };
    const before = await rotated();
    await work();
    return (await rotated()) - before;
  }
}

/** Another code than this one. */
export function wrong(code) {
  return String((Number(code) + 1) % 1_000_000).padStart(6, "0");
}

/** A `fetch` that remembers what went through it, and may be told to interfere. */
export function wire() {
  const seen = [];
  const wired = async (request) => {
    seen.push({ method: request.method, path: new URL(request.url).pathname, headers: new Headers(request.headers) });
    return wired.through(request);
  };
  wired.through = (request) => fetch(request);
  wired.seen = seen;
  wired.to = (path) => seen.filter((one) => one.path === path);
  return wired;
}

/** A `fetch` of a browser that keeps cookies; `jar.cookie` is the one that it has. */
export function jar(through = wire()) {
  const kept = async (request) => {
    if (request.credentials === "include" && kept.cookie) request.headers.set("Cookie", kept.cookie);
    const answer = await through(request);
    for (const set of answer.headers.getSetCookie()) kept.cookie = set.endsWith("Max-Age=0") ? null : set.split(";")[0];
    if (answer.body) kept.bodies.push(await answer.clone().text());
    return answer;
  };
  return Object.assign(kept, { cookie: null, bodies: [], wire: through });
}

/** A storage that tests can share between clients and look into. */
export function shelf() {
  const held = new Map();
  return {
    held,
    get: (key) => held.get(key) ?? null,
    set: (key, value) => void held.set(key, value),
    remove: (key) => void held.delete(key),
  };
}

export async function signIn(house, latchkey, identifier) {
  await latchkey.requestCode({ identifier });
  return latchkey.verifyCode({ identifier, code: await house.code(identifier) });
}
