// The sign-in page: ask for a code, prove it, show who is signed in.

const $ = (id) => document.getElementById(id);
const views = ["ask", "prove", "profile"];
const saved = (key) => JSON.parse(sessionStorage.getItem(key) ?? "null");

let asked = null; // what the code was asked for: identifier, channel
let resendTimer = 0;
let deliveryTimer = 0;

function show(view) {
  views.forEach((id) => ($(id).hidden = id !== view));
  clearInterval(deliveryTimer);
  say("");
}

function say(sentence) {
  $("alert").textContent = sentence;
}

/** Calls the API; a problem becomes an Error with its code, its fields and its wait. */
async function call(method, path, body, access) {
  const headers = { accept: "application/json" };
  if (body) headers["content-type"] = "application/json";
  if (access) headers.authorization = `Bearer ${access}`;
  const device = localStorage.getItem("device");
  if (device && path.startsWith("/api/auth/otp/")) headers["x-device-token"] = device;
  let response;
  try {
    response = await fetch(path, { method, headers, body: body && JSON.stringify(body) });
  } catch {
    throw Object.assign(new Error("The local cloud does not answer. Is it running?"), { code: "offline" });
  }
  const answer = response.status === 204 ? null : await response.json().catch(() => null);
  if (response.ok) return answer;
  throw Object.assign(new Error(words(response.status, answer)), { status: response.status, code: answer?.code });
}

function words(status, problem) {
  if (problem?.code === "otp_invalid") return "That code is not right, or not any more.";
  if (problem?.code === "rate_limited") return `Too often. Try again in ${span(problem.retry_after)}.`;
  if (problem?.code === "invalid_request") return `Expected ${problem.errors.map((e) => e.detail).join("; ")}.`;
  return problem?.detail ?? problem?.title ?? `The answer was ${status}.`;
}

function span(seconds) {
  if (seconds < 90) return `${seconds} seconds`;
  if (seconds < 5400) return `${Math.ceil(seconds / 60)} minutes`;
  return `${Math.ceil(seconds / 3600)} hours`;
}

/** Runs what a form does, with its buttons off meanwhile and the error said aloud. */
async function run(form, work) {
  const buttons = [...form.querySelectorAll("button")].filter((b) => !b.disabled);
  buttons.forEach((b) => (b.disabled = true));
  say("");
  try {
    await work();
  } catch (error) {
    say(error.message);
  } finally {
    buttons.forEach((b) => (b.disabled = false));
  }
}

async function ask() {
  const answer = await call("POST", "/api/auth/otp/request/", asked);
  $("sent-to").textContent = asked.identifier;
  show("prove");
  $("code").value = "";
  $("code").focus();
  countdown(answer.resend_in);
  follow(answer.delivery_id);
}

function countdown(seconds) {
  clearInterval(resendTimer);
  const button = $("resend");
  const end = Date.now() + seconds * 1000;
  const tick = () => {
    const left = Math.ceil((end - Date.now()) / 1000);
    button.disabled = left > 0;
    button.textContent = left > 0 ? `Send again in ${left} s` : "Send again";
    if (left <= 0) clearInterval(resendTimer);
  };
  tick();
  resendTimer = setInterval(tick, 500);
}

/** Shows what becomes of the message while the person waits. */
function follow(id) {
  const line = $("delivery");
  line.textContent = "";
  const look = async () => {
    const state = await call("GET", `/api/auth/otp/deliveries/${id}/`).catch(() => null);
    const known = { delivered: "It was delivered.", bounced: "It came back: is the address right?", failed: "It could not be delivered." };
    line.textContent = known[state?.status] ?? "";
  };
  clearInterval(deliveryTimer);
  deliveryTimer = setInterval(look, 3000);
}

async function prove() {
  const answer = await call("POST", "/api/auth/otp/verify/", { ...asked, otp_code: $("code").value.trim() });
  if (answer.device_token) localStorage.setItem("device", answer.device_token);
  sessionStorage.setItem("tokens", JSON.stringify(answer.tokens));
  await profile(answer.user.is_new_user);
}

/** Reads the profile, with a fresh access token where the old one is over. */
async function read() {
  const tokens = saved("tokens");
  try {
    return await call("GET", "/api/profile/", null, tokens.access);
  } catch (error) {
    if (error.status !== 401) throw error;
    const fresh = await call("POST", "/api/auth/token/refresh/", { refresh: tokens.refresh });
    sessionStorage.setItem("tokens", JSON.stringify(fresh));
    return call("GET", "/api/profile/", null, fresh.access);
  }
}

async function profile(isNew) {
  const me = await read();
  $("greeting").textContent = isNew ? `Welcome, ${me.display_username}` : `Hello, ${me.display_username}`;
  $("email").textContent = me.email ?? "–";
  $("phone").textContent = me.phone_number ?? "–";
  $("user-id").textContent = me.id;
  show("profile");
  $("greeting").focus();
}

function start() {
  show("ask");
  $("identifier").focus();
}

$("identifier").addEventListener("input", () => {
  $("ways").hidden = !/^[+(\d]/.test($("identifier").value.trim()) || $("identifier").value.includes("@");
});

$("ask").addEventListener("submit", (event) => {
  event.preventDefault();
  asked = { identifier: $("identifier").value.trim() };
  if (!$("ways").hidden) asked.channel = new FormData($("ask")).get("channel");
  run($("ask"), ask);
});

$("prove").addEventListener("submit", (event) => {
  event.preventDefault();
  run($("prove"), prove);
});

$("code").addEventListener("input", () => {
  $("code").value = $("code").value.replace(/\D/g, "");
});

$("resend").addEventListener("click", async () => {
  $("resend").disabled = true;
  say("");
  try {
    await ask();
  } catch (error) {
    say(error.message);
    $("resend").disabled = false;
  }
});

$("back").addEventListener("click", start);

$("sign-out").addEventListener("click", () =>
  run($("profile"), async () => {
    const tokens = saved("tokens");
    sessionStorage.removeItem("tokens");
    start();
    if (tokens) await call("POST", "/api/auth/token/revoke/", { refresh: tokens.refresh });
  }),
);

if (saved("tokens")) {
  profile(false).catch(() => {
    sessionStorage.removeItem("tokens");
    start();
  });
}
