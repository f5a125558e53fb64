// The sign-in page: the element that apps embed, and where one goes after it.

import "./element.js";
import { $ } from "./parts/dom.js";
import { latchkey } from "./parts/session.js";

const element = document.querySelector("latchkey-sign-in");
const languages = $("language");

/** The page that sent somebody here, if it is one of ours. */
function next() {
  const wanted = new URL(new URLSearchParams(location.search).get("next") ?? "/account/", location.origin);
  return wanted.origin === location.origin && wanted.pathname !== "/" ? wanted.href : "/account/";
}

function speak(language) {
  languages.value = language;
  element.setAttribute("locale", language);
}

const known = [...languages.options].map(({ value }) => value);
const wished = [localStorage.getItem("language"), ...navigator.languages.map((tag) => tag.slice(0, 2).toLowerCase())];
speak(wished.find((language) => known.includes(language)) ?? "en");
languages.addEventListener("change", () => {
  localStorage.setItem("language", languages.value);
  speak(languages.value);
});

element.client = latchkey;
// Here, in another tab, or before.
latchkey.onSessionChange((session) => session && location.replace(next()));
// An app of this site may have signed somebody in or out; without an answer the form is there all the same.
latchkey.resume().then((session) => session && location.replace(next()), () => undefined);
