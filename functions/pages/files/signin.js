// The sign-in page: the element that apps embed, and where one goes after it.

import "./element.js";
import { $ } from "./parts/dom.js";
import { destination } from "./parts/return-to.js";
import { latchkey } from "./parts/session.js";

const element = document.querySelector("latchkey-sign-in");
const languages = $("language");
const next = destination(location, document.querySelector("main").dataset);

/** Says everything in another language, and keeps it: the server speaks it the next time. */
function choose() {
  const language = languages.value;
  const words = languages.selectedOptions[0].dataset;
  document.documentElement.lang = language;
  document.title = document.title.replace(/^.*(?= · )/, () => words.title);
  for (const place of document.querySelectorAll("[data-word]")) place.textContent = words[place.dataset.word];
  element.setAttribute("locale", language);
  const secure = location.protocol === "https:" ? "; Secure" : "";
  document.cookie = `latchkey-language=${language}; Path=/; Max-Age=31536000; SameSite=Lax${secure}`;
}

// A browser that goes back restores what was chosen, on a page in the language of then.
if (languages.value !== document.documentElement.lang) choose();
languages.addEventListener("change", choose);

element.client = latchkey;
// Here, in another tab, or before.
latchkey.onSessionChange((session) => session && location.replace(next));
// An app of this site may have signed somebody in or out; without an answer the form is there all the same.
latchkey.resume().then((session) => session && location.replace(next), () => undefined);
