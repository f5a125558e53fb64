// What must hold of the client: types, lint, README's examples, and that what is generated is what would be generated.
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join, relative } from "node:path";

const root = join(import.meta.dirname, "..");
const scratch = mkdtempSync(join(root, "node_modules/.check-"));
const wrong = [];

/** Runs a Node program; what it finds is on its output. */
function run(complaint, program, ...args) {
  try {
    execFileSync(process.execPath, [join(root, program), ...args], { cwd: root, stdio: ["ignore", "pipe", "inherit"], encoding: "utf8" });
  } catch (error) {
    wrong.push(`${error.stdout ?? ""}${complaint}`);
  }
}

function same(committed, made) {
  const [here, there] = [join(root, committed), made].map((path) => (existsSync(path) ? readFileSync(path, "utf8") : null));
  if (here !== there) wrong.push(`${committed} is not what its sources make: npm run generate`);
}

function files(folder) {
  const found = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  return found.map((entry) => relative(folder, join(entry.parentPath, entry.name)));
}

/** README's TypeScript, as a reader's compiler sees it: against the built package. */
function examples() {
  const folder = join(root, "readme-examples");
  mkdirSync(folder, { recursive: true });
  const blocks = readFileSync(join(root, "README.md"), "utf8").matchAll(/^```(tsx?)\n(.*?)^```/gms);
  const written = Array.from(blocks, ([, kind, text], index) => {
    const name = join(folder, `${index}.${kind}`);
    writeFileSync(name, `${text}\nexport {};\n`);
    return name;
  });
  if (written.length === 0) wrong.push("README.md has no example");
  const options = "--noEmit --strict --target es2022 --module nodenext --lib es2022,dom,dom.iterable --jsx react-jsx --types react";
  run("README.md has an example that does not compile", "node_modules/typescript/bin/tsc", ...options.split(" "), ...written);
  rmSync(folder, { recursive: true });
}

run("the document does not become types", "node_modules/openapi-typescript/bin/cli.js", "../../docs/openapi.json", "--output", join(scratch, "schema.ts"));
same("src/schema.ts", join(scratch, "schema.ts"));
const built = join(scratch, "dist");
run("the sources do not build", "scripts/build.mjs", built);
for (const name of new Set([join(root, "dist"), built].flatMap(files))) same(join("dist", name), join(built, name));
run("oxlint found something", "node_modules/oxlint/bin/oxlint", "--deny-warnings", "src", "scripts");
examples();
rmSync(scratch, { recursive: true });
for (const sentence of wrong) console.error(sentence);
process.exitCode = wrong.length ? 1 : 0;
