// The apps of the client's SERVER.md, as its reader would type them: `node examples.mjs SERVER.md Next.js FOLDER` writes each
// file of that section.
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";

const [from, section, folder] = process.argv.slice(2);
const sections = readFileSync(from, "utf8").split(/^## /m);
const text = sections.find((one) => one.startsWith(`${section}\n`));
if (!text) throw new Error(`${from} has no section ${section}`);
const files = [...text.matchAll(/^```(?:tsx?|js) (\S+)\n(.*?)^```$/gms)];
if (files.length === 0) throw new Error(`${from} has no file in the section ${section}`);
for (const [, name, body] of files) {
  const path = join(folder, name);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, body);
}
console.log(files.map(([, name]) => name).join(" "));
