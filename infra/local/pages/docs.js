// The API's page: /openapi.json, made readable. It draws what our own document holds, and no more of OpenAPI than that.

const $ = (id) => document.getElementById(id);

function element(tag, className, ...inside) {
  const made = document.createElement(tag);
  if (className) made.className = className;
  made.append(...inside.filter((part) => part !== undefined && part !== null));
  return made;
}

/** Text with `code` and **bold** in it, as nodes. */
function words(text) {
  return (text ?? "").split(/(`[^`]+`|\*\*[^*]+\*\*)/).map((part) => {
    if (part.length > 2 && part.startsWith("`")) return element("code", "", part.slice(1, -1));
    if (part.startsWith("**")) return element("strong", "", part.slice(2, -2));
    return part;
  });
}

function paragraphs(text) {
  return (text ?? "").split("\n\n").map((part) => element("p", "", ...words(part)));
}

const pretty = (value) => (typeof value === "string" ? value : JSON.stringify(value, null, 2));

function block(value) {
  const made = element("pre", "", element("code", "", pretty(value)));
  made.tabIndex = 0; // It may scroll.
  return made;
}

let spec;

/** What a reference points to; everything else stands for itself. */
function resolve(thing) {
  if (!thing?.$ref) return thing;
  const parts = thing.$ref.slice(2).split("/");
  const found = parts.reduce((at, part) => at?.[part.replaceAll("~1", "/").replaceAll("~0", "~")], spec);
  return { ...resolve(found), name: parts.at(-1) };
}

/** Of two schemas of which one is null, the other. */
function plain(schema) {
  const found = resolve(schema) ?? {};
  if (!found.oneOf) return found;
  const other = found.oneOf.find((one) => one.type !== "null");
  return { ...resolve(other), description: found.description, nullable: true };
}

function typeOf(schema) {
  const found = plain(schema);
  const types = [found.type ?? (found.properties ? "object" : "anything")].flat();
  if (found.nullable) types.push("null");
  let text = types.join(" or ");
  if (types.includes("array")) text = text.replace("array", `list of ${typeOf(found.items)}`);
  return found.format ? `${text}, ${found.format}` : text;
}

/** The bounds of a schema, in words. */
function bounds(schema) {
  const found = plain(schema);
  const { minimum, maximum, minLength, maxLength, maxItems, pattern } = found;
  return [
    minimum !== undefined && maximum !== undefined && `from ${minimum} to ${maximum}`,
    minimum > 0 && maximum === undefined && `from ${minimum}`,
    minLength !== undefined && `at least ${minLength} characters`,
    maxLength !== undefined && `at most ${maxLength} characters`,
    maxItems !== undefined && `at most ${maxItems}`,
    pattern && `matches \`${pattern}\``,
    found.enum && `${found.enum.length > 1 ? "one of " : ""}${found.enum.map((value) => `\`${value}\``).join(", ")}`,
    found.default !== undefined && `\`${found.default}\` where it is missing`,
  ].filter(Boolean).join("; ");
}

function row(name, schema, required, description, depth = 0) {
  const head = element("th", ["", "below", "further"][depth], element("code", required ? "must" : "", name));
  head.scope = "row";
  const limits = bounds(schema);
  const about = element("td", "", element("p", "", ...words(description ?? plain(schema).description)));
  if (limits) about.append(element("p", "quiet", ...words(limits)));
  return element("tr", "", head, element("td", "", typeOf(schema)), about);
}

/** The rows of an object, and of the objects in it. */
function rows(schema, depth = 0) {
  const found = plain(schema);
  const object = found.type === "array" ? plain(found.items) : found;
  return Object.entries(object.properties ?? {}).flatMap(([name, member]) => {
    const own = row(name, member, object.required?.includes(name), undefined, depth);
    return depth < 2 ? [own, ...rows(member, depth + 1)] : [own];
  });
}

function table(title, all) {
  if (all.length === 0) return [];
  const made = element("table", "", element("tbody", "", ...all));
  made.setAttribute("aria-label", title);
  return [element("h4", "", title), made];
}

/** Of the media types of a body, the one that most clients send. */
function usual(content) {
  const contents = Object.entries(content ?? {});
  const named = (wanted) => contents.find(([type]) => type === wanted);
  return named("application/json") ?? named("multipart/form-data") ?? contents[0] ?? [];
}

/** An example as a command. */
function curl(path, method, operation) {
  const parameters = (operation.parameters ?? []).map(resolve);
  let url = spec.servers[0].url + path;
  const query = [];
  const headers = [];
  if (operation.security.length > 0) headers.push("Authorization: Bearer $ACCESS");
  for (const parameter of parameters) {
    if (parameter.in === "path") url = url.replace(`{${parameter.name}}`, parameter.example);
    if (parameter.in === "query" && parameter.example !== undefined) query.push(`${parameter.name}=${parameter.example}`);
    if (parameter.in === "header" && parameter.required) headers.push(`${parameter.name}: ${parameter.example}`);
  }
  if (query.length > 0) url += `?${query.join("&")}`;
  const quoted = (text) => `'${text.replaceAll("'", "'\\''")}'`;
  const lines = [method === "get" ? `curl ${quoted(url)}` : `curl -X ${method.toUpperCase()} ${quoted(url)}`];
  const [type, content] = usual(operation.requestBody?.content);
  if (type === "multipart/form-data") {
    lines.push("-F avatar=@picture.jpg");
  } else if (type) {
    headers.push(`Content-Type: ${type}`);
    lines.push(`--data ${quoted(JSON.stringify(content.example))}`);
  }
  return [lines[0], ...headers.map((header) => `-H ${quoted(header)}`.replace("'Authorization: Bearer $ACCESS'", '"Authorization: Bearer $ACCESS"')),
    ...lines.slice(1)].join(" \\\n  ");
}

function body(operation) {
  const types = Object.keys(operation.requestBody?.content ?? {});
  if (types.length === 0) return [];
  const all = rows(usual(operation.requestBody.content)[1].schema);
  const made = table("Body", all);
  made.splice(1, 0, element("p", "quiet", ...words(types.map((type) => `\`${type}\``).join(", "))));
  return made;
}

function response([status, reference]) {
  const found = resolve(reference);
  const good = status.startsWith("2");
  const contents = Object.entries(found.content ?? {});
  const [type, content] = contents[0] ?? [];
  const examples = Object.entries(content?.examples ?? {}).map(([name, one]) => [name, resolve(one)]);
  const title = element("summary", "", element("span", `status ${good ? "good" : "bad"}`, status), " ");
  if (good) title.append(...words(found.description));
  else title.append(...examples.flatMap(([name, one], n) => [n > 0 ? ", " : "", element("code", "", name), ` ${one.summary}`]));
  const made = element("details", "", title);
  if (!good) made.append(...paragraphs(found.description));
  if (contents.length > 0) made.append(element("p", "quiet", ...words(contents.map(([name]) => `\`${name}\``).join(", "))));
  if (good && type === "application/json") made.append(...table("Members", rows(content.schema)));
  if (content?.example !== undefined) made.append(element("h4", "", "Example"), block(content.example));
  for (const [, one] of examples) made.append(block(one.value));
  const headers = Object.entries(found.headers ?? {}).map(([name, header]) =>
    row(name, resolve(header).schema, false, resolve(header).description));
  made.append(...table("Headers", headers));
  return made;
}

function route({ path, method, operation }) {
  const verb = method.toUpperCase();
  const head = element("h3", "", element("span", `verb ${verb}`, verb), element("code", "", path));
  if (operation.security.length > 0) head.append(element("span", "tag", "signed in"));
  const made = element("article", "route", head, element("p", "title", operation.summary), ...paragraphs(operation.description));
  made.id = operation.operationId;
  const parameters = (operation.parameters ?? []).map(resolve).map((one) =>
    row(one.name, one.schema, one.required, one.in === "path" ? one.description : `${one.description ?? ""} (${one.in})`));
  made.append(
    ...table("Parameters", parameters),
    ...body(operation),
    element("h4", "", "Example"),
    block(curl(path, method, operation)),
    element("h4", "", "Answers"),
    ...Object.entries(operation.responses).sort(([a], [b]) => a - b).map(response),
  );
  return made;
}

function draw() {
  const routes = Object.entries(spec.paths).flatMap(([path, item]) =>
    Object.entries(item).map(([method, operation]) => ({ path, method, operation })));
  $("about").append(...paragraphs(spec.info.description));
  for (const { name, description } of spec.tags) {
    const own = routes.filter(({ operation }) => operation.tags.includes(name));
    const list = element("ul", "", ...own.map(({ path, method, operation }) => {
      const verb = method.toUpperCase();
      const link = element("a", "", element("span", `verb ${verb}`, verb), element("span", "", operation.summary));
      link.href = `#${operation.operationId}`;
      const line = element("li", "", link);
      line.dataset.words = `${verb} ${path} ${operation.summary} ${JSON.stringify(operation)}`.toLowerCase();
      line.dataset.route = operation.operationId;
      return line;
    }));
    $("routes").append(element("section", "", element("h2", "", name), list));
    $("groups").append(element("section", "", element("h2", "", name), element("p", "quiet", ...words(description)), ...own.map(route)));
  }
  // The browser looked for it before it was there.
  document.getElementById(location.hash.slice(1))?.scrollIntoView();
}

function find() {
  const wanted = $("find").value.trim().toLowerCase();
  const lines = [...document.querySelectorAll("#routes li")];
  for (const line of lines) {
    line.hidden = !line.dataset.words.includes(wanted);
    $(line.dataset.route).hidden = line.hidden;
  }
  for (const section of document.querySelectorAll("#routes section, #groups section")) {
    section.hidden = !section.querySelector("li:not([hidden]), article:not([hidden])");
  }
  const shown = lines.filter((line) => !line.hidden).length;
  $("found").textContent = wanted ? `${shown} of ${lines.length} routes` : "";
}

try {
  const answer = await fetch("/openapi.json");
  if (!answer.ok) throw new Error(`/openapi.json: ${answer.status}`);
  spec = await answer.json();
  draw();
  $("find").addEventListener("input", find);
} catch (error) {
  $("alert").textContent = `The document cannot be shown: ${error.message}`;
}
