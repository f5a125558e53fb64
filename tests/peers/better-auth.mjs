// better-auth as its documentation has it: the plugin for codes by mail, SQLite beside it with its journal in WAL mode. The
// codes that it would mail are handed out at /code?ADDRESS.
//   node better-auth.mjs PORT DATABASE
import { createServer } from "node:http";
import { DatabaseSync } from "node:sqlite";
import { betterAuth } from "better-auth";
import { getMigrations } from "better-auth/db/migration";
import { toNodeHandler } from "better-auth/node";
import { emailOTP } from "better-auth/plugins";

const [port, file] = process.argv.slice(2);
const database = new DatabaseSync(file);
database.exec("PRAGMA journal_mode = WAL");
const codes = new Map();
const auth = betterAuth({
  database,
  baseURL: `http://127.0.0.1:${port}`,
  secret: "not a secret, but forty characters long.",
  plugins: [emailOTP({ sendVerificationOTP: async ({ email, otp }) => void codes.set(email, otp) })],
});
const { runMigrations } = await getMigrations(auth.options);
await runMigrations();

const handle = toNodeHandler(auth);
createServer((request, response) => {
  const [path, address] = request.url.split("?");
  if (path !== "/code") return handle(request, response);
  response.end(codes.get(decodeURIComponent(address)));
  codes.delete(decodeURIComponent(address));
}).listen(Number(port), "127.0.0.1");
