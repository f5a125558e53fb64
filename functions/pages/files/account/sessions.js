// Where the person is signed in: end one, end all others.

import { $, busy, make, saying } from "../parts/dom.js";
import { everything, latchkey } from "../parts/session.js";
import { device, moment, way } from "../parts/words.js";

const say = saying($("sessions-alert"));
const done = (sentence) => ($("sessions-done").textContent = sentence);

function line(session) {
  const what = device(session.user_agent);
  const by = session.amr.filter((word) => word !== "otp").map(way).join(", ");
  return make("li", {},
    make("div", {},
      make("span", { class: "what" }, what, session.current && make("span", { class: "tag good" }, "This one")),
      make("span", { class: "quiet" }, `${session.ip} · last used ${moment(session.last_used_at)}`),
      make("span", { class: "quiet" }, `Signed in by ${by} on ${moment(session.created_at)}`)),
    !session.current && make("button", {
      type: "button", class: "bare danger", "aria-label": `End the session of ${what}, last used ${moment(session.last_used_at)}`,
      onclick: (event) => busy(event.target, say, () => end(session)),
    }, "End"));
}

async function show() {
  const sessions = await everything("/api/auth/sessions/");
  sessions.sort((a, b) => b.current - a.current || b.last_used_at.localeCompare(a.last_used_at));
  $("session-list").replaceChildren(...sessions.map(line));
  $("session-list").removeAttribute("aria-busy");
  $("end-others").hidden = sessions.length < 2;
}

async function end({ id }) {
  done("");
  await latchkey.api.DELETE("/api/auth/sessions/{id}/", { params: { path: { id } } }).catch((error) => {
    if (error.code !== "not_found") throw error; // it has ended by itself
  });
  await show();
  done("The session was ended.");
  focusWithin();
}

async function endOthers() {
  done("");
  await latchkey.api.DELETE("/api/auth/sessions/");
  await show();
  done("All other sessions were ended.");
  focusWithin();
}

/** The button that had the focus is gone. */
function focusWithin() {
  const next = document.querySelector("#sessions button:not([hidden])") ?? $("sessions-title");
  if (next === $("sessions-title")) next.tabIndex = -1;
  next.focus();
}

export const refreshSessions = () => show().catch(say);

export function startSessions() {
  refreshSessions();
  $("end-others").addEventListener("click", () => busy($("end-others"), say, endOthers));
}
