// Builds `dist` from `src`: three ES modules, their types, and the notices of what is in them. Takes another folder as its argument.
import { execFileSync } from "node:child_process";
import { mkdirSync, rmSync, writeFileSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { build } from "esbuild";

const root = join(import.meta.dirname, "..");
const out = process.argv[2] ?? join(root, "dist");
rmSync(out, { recursive: true, force: true });
mkdirSync(out, { recursive: true });

/** The element takes the client from the file beside it, so that a page with both loads it once. */
const beside = {
  name: "beside",
  setup: (building) =>
    building.onResolve({ filter: /\/latchkey\.js$/ }, ({ kind }) =>
      kind === "import-statement" ? { path: "./latchkey.js", external: true } : undefined,
    ),
};
const common = {
  absWorkingDir: root,
  outdir: out,
  bundle: true,
  format: "esm",
  minify: true,
  target: "es2022",
  charset: "utf8",
  legalComments: "none",
  logLevel: "warning",
};
const banner = (holds) => ({ js: `/* latchkey-client, Apache-2.0${holds} */` });
await build({ ...common, entryPoints: ["src/latchkey.ts"], banner: banner("; holds openapi-fetch, MIT: see THIRD-PARTY.txt") });
await build({ ...common, entryPoints: ["src/element.ts"], banner: banner(""), plugins: [beside] });
await build({ ...common, entryPoints: ["src/server.ts"], banner: banner("") });

execFileSync(process.execPath, [join(root, "node_modules/typescript/bin/tsc"), "-p", root, "--outDir", out], { stdio: "inherit" });
const licence = readFileSync(join(root, "node_modules/openapi-fetch/LICENSE"), "utf8");
writeFileSync(join(out, "THIRD-PARTY.txt"), `latchkey.js holds openapi-fetch:\n\n${licence}`);
