// The figures' page: who may see it, which days, and each section.

import { $, saying } from "../parts/dom.js";
import { latchkey, onlySignedIn } from "../parts/session.js";
import { showActive } from "./active.js";
import { readCodes } from "./codes.js";
import { startRange } from "./range.js";
import { readRegistrations } from "./registrations.js";
import { showSources } from "./sources.js";
import { readUsers, startUsers } from "./users.js";

const say = saying($("trouble"));
let drawings = [];
let asked = 0;

/** Fills a section, which is busy until then. */
async function fill(id, work) {
  $(id).setAttribute("aria-busy", "true");
  try {
    return await work();
  } catch (error) {
    say(error);
  } finally {
    $(id).removeAttribute("aria-busy");
  }
}

async function show(range) {
  say("");
  const mine = ++asked;
  const readers = { registrations: readRegistrations, codes: readCodes, users: readUsers };
  const read = await Promise.all(Object.entries(readers).map(([id, reader]) => fill(id, () => reader(range))));
  if (mine !== asked) return; // another range was chosen meanwhile
  drawings = read.filter(Boolean);
  redraw();
}

const redraw = () => drawings.forEach((draw) => draw());

/** What the server knows of the service: its day, and whether it is the local cloud. */
const { today, local } = $("content").dataset;

/** How an operator gives the role. */
function command(address) {
  if (local === undefined) return `latchkey --stack STACK users grant ${address} admin`;
  return `cargo run -p latchkey -- users grant ${address} admin --local ${location.port === "3000" ? "" : location.origin}`.trim();
}

function refuse(me) {
  const address = me.email ?? me.phone_number;
  $("who").textContent = address;
  $("grant").textContent = command(address);
  $("no-admin").hidden = false;
}

async function start() {
  const { data: me } = await latchkey.api.GET("/api/profile/");
  if (!me.roles.includes("admin")) return refuse(me);
  $("no-admin").hidden = true;
  $("figures").hidden = false;
  startUsers(say);
  fill("active", showActive);
  fill("sources", showSources);
  startRange(today, show);
  let width = innerWidth;
  addEventListener("resize", () => {
    if (innerWidth !== width) redraw();
    width = innerWidth;
  });
}

if (onlySignedIn()) {
  $("again").addEventListener("click", () => location.reload());
  $("copy").addEventListener("click", () =>
    navigator.clipboard.writeText($("grant").textContent).then(
      () => ($("copied").textContent = "Copied."),
      () => getSelection().selectAllChildren($("grant"))));
  start().catch(say);
}
