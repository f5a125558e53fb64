// A local cloud of a test's own, and what a test does with it from outside: read the outbox, move the clock, fill it.

import { spawn } from "node:child_process";
import { mkdirSync, openSync } from "node:fs";
import { createInterface } from "node:readline";

const BINARY = process.env.LATCHKEY_LOCAL ?? "target/debug/local";
/** Tests ask for more codes than one caller may. */
const ROOM = ["IP_SENDS_PER_MINUTE=600", "IP_SENDS_BURST=600", "IP_VERIFIES_PER_MINUTE=600"];

/** What the cloud says of each request, beside the pictures. */
function log() {
  mkdirSync("target/pages", { recursive: true });
  return openSync("target/pages/local.log", "a");
}

export async function openHouse(...settings) {
  // Somebody who works on the pages has a cloud with them already.
  if (process.env.LATCHKEY_URL) return house(process.env.LATCHKEY_URL, () => {});
  const sets = [...ROOM, ...settings].flatMap((setting) => ["--set", setting]);
  const cloud = spawn(BINARY, ["--memory", "--port", "0", ...sets], { stdio: ["ignore", "pipe", log()] });
  const ended = new Promise((settle) => cloud.once("exit", settle));
  for await (const line of createInterface({ input: cloud.stdout })) {
    const url = line.match(/^open (http:\/\/\S+)/)?.[1];
    if (url) {
      return house(url, () => {
        cloud.kill("SIGTERM");
        return ended;
      });
    }
  }
  throw new Error(`${BINARY} ended before it was ready`);
}

const codeIn = ({ subject, text }) => `${subject ?? ""} ${text ?? ""}`.match(/(?<!\d)\d{6}(?!\d)/)?.[0];
const hasCode = (message) => codeIn(message) !== undefined;

function house(url, close) {
  const desk = async (path, init) => {
    const answer = await fetch(`${url}/_local/${path}`, init);
    return answer.status === 204 ? null : answer.json();
  };
  const post = (path, body) => desk(path, { method: "POST", body: JSON.stringify(body) });
  const api = async (path, body, { access, ip } = {}) => {
    const headers = {
      "content-type": "application/json",
      ...(access && { authorization: `Bearer ${access}` }),
      ...(ip && { "x-local-source-ip": ip }),
    };
    const answer = await fetch(`${url}/api/${path}`, { method: body ? "POST" : "GET", headers, body: body && JSON.stringify(body) });
    if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}`);
    return answer.json();
  };
  const mails = (to) => desk(`outbox?to=${encodeURIComponent(to)}`);

  /** The newest code that was sent to this address. */
  async function code(to) {
    const newest = (await mails(to)).find(hasCode);
    if (!newest) throw new Error(`no code was sent to ${to}`);
    return codeIn(newest);
  }

  /** Comes back once `is` holds of what `look` gives: what follows from a click or from a moved clock takes a moment. */
  async function eventually(what, look, is) {
    for (let tries = 0; tries < 200; tries += 1) {
      if (is(await look())) return;
      await new Promise((soon) => setTimeout(soon, 25));
    }
    throw new Error(`waited in vain for ${what}`);
  }
  const settled = (to, count) => eventually(`${count} codes to ${to}`, () => mails(to), (all) => all.filter(hasCode).length >= count);
  const happened = (kind) => eventually(kind, () => desk("events"), (all) => all.some((event) => event["detail-type"] === kind));

  /** Signs somebody in by the API alone. */
  async function signIn(identifier, more = {}) {
    await api("auth/otp/request/", { identifier, ...more });
    const { channel, source_url } = more;
    return api("auth/otp/verify/", { identifier, channel, source_url, otp_code: await code(identifier) });
  }

  /** Gives the role, as the operator's command line does. */
  async function makeAdmin(user) {
    const { dynamodb, region, access_key_id: key, tables } = await desk("endpoints");
    const order = {
      TableName: tables.accounts,
      Key: { pk: { S: `USER#${user}` }, sk: { S: "USER" } },
      UpdateExpression: "SET #roles = :roles",
      ExpressionAttributeNames: { "#roles": "roles" },
      ExpressionAttributeValues: { ":roles": { L: [{ S: "admin" }] } },
    };
    const answer = await fetch(dynamodb, {
      method: "POST",
      headers: {
        "content-type": "application/x-amz-json-1.0",
        "x-amz-target": "DynamoDB_20120810.UpdateItem",
        "x-amz-date": "20260101T000000Z",
        authorization: `AWS4-HMAC-SHA256 Credential=${key}/20260101/${region}/dynamodb/aws4_request, SignedHeaders=host, Signature=0`,
      },
      body: JSON.stringify(order),
    });
    if (!answer.ok) throw new Error(`makeAdmin: ${await answer.text()}`);
  }

  return {
    url, close, api, desk, mails, code, settled, happened, signIn, makeAdmin,
    advance: (seconds) => post("clock", { advance_seconds: seconds }),
    report: (message, status) => post(`deliveries/${message}/status`, { status }),
    reset: () => post("reset", {}),
  };
}
