import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";

const repository = new URL("../../../", import.meta.url);

test("the Bruno collection has every route of the document, and no other", () => {
  const { paths } = JSON.parse(readFileSync(new URL("docs/openapi.json", repository), "utf8"));
  const documented = Object.entries(paths).flatMap(([path, item]) =>
    ["get", "post", "put", "patch", "delete"].filter((method) => item[method]).map((method) => `${method} ${path}`),
  );
  const collection = new URL("clients/bruno/", repository);
  const requests = readdirSync(collection, { recursive: true }).filter((name) => /\/(?!folder)[^/]*\.bru$/.test(name));
  const collected = requests.flatMap((name) => {
    const found = /^(get|post|put|patch|delete) \{\n  url: \{\{base\}\}([^?\n]*)/m.exec(readFileSync(new URL(name, collection), "utf8"));
    return found ? [`${found[1]} ${found[2].replace(/:(\w+)/g, "{$1}")}`] : [];
  });
  const routes = new Set(collected.filter((route) => !route.includes("/_local/")));
  assert.deepEqual([...routes].toSorted(), documented.toSorted());
});
