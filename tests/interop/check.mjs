// jose (Node) accepts our token by what is published, and we accept jose's if it follows the profile.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { SignJWT, createRemoteJWKSet, importPKCS8, jwtVerify } from "jose";

const { base, algorithm, token, claims, pem, secret } = JSON.parse(readFileSync(0, "utf8"));
const shared = new TextEncoder().encode(secret);
const keys = pem ? createRemoteJWKSet(new URL(`${base}/.well-known/jwks.json`)) : shared;
const rules = { issuer: base, audience: base, algorithms: [algorithm], typ: "at+jwt", requiredClaims: ["sub", "exp"] };

const { payload } = await jwtVerify(token, keys, rules);
assert.deepEqual(payload, claims);
await assert.rejects(jwtVerify(token, keys, { ...rules, audience: "https://other.example" }));
await assert.rejects(jwtVerify(token, keys, { ...rules, algorithms: ["PS256"] }));
await assert.rejects(jwtVerify(token.slice(0, -3) + "AAA", keys, rules));

const key = pem ? await importPKCS8(pem, algorithm) : shared;
const sign = (typ) => new SignJWT(claims).setProtectedHeader({ alg: algorithm, typ, kid: "one" }).sign(key);
const active = async (token) => {
  const headers = { "content-type": "application/json" };
  const body = JSON.stringify({ token });
  const answer = await fetch(`${base}/api/auth/token/verify/`, { method: "POST", headers, body });
  return (await answer.json()).active;
};
assert.equal(await active(await sign("at+jwt")), true);
assert.equal(await active(await sign("JWT")), false);
