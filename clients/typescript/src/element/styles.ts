const CSS = `
:host {
  --_accent: var(--latchkey-accent, #1d4ed8);
  --_accent-ink: var(--latchkey-accent-ink, #fff);
  --_surface: var(--latchkey-surface, #fff);
  --_ink: var(--latchkey-ink, #17191e);
  --_quiet: var(--latchkey-quiet, #565e6c);
  --_line: var(--latchkey-line, #868e9c);
  --_bad: var(--latchkey-bad, #b3261e);
  --_good: var(--latchkey-good, #17703f);
  --_radius: var(--latchkey-radius, .625rem);
  display: block;
  max-inline-size: 26rem;
  color: var(--_ink);
  font-family: var(--latchkey-font, inherit);
  font-size: 1rem;
  line-height: 1.5;
  text-align: start;
}
/* By the page's own color-scheme: a page that is always light stays light. */
@supports (color: light-dark(#000, #fff)) {
  :host {
    --_accent: var(--latchkey-accent, light-dark(#1d4ed8, #a9c1ff));
    --_accent-ink: var(--latchkey-accent-ink, light-dark(#fff, #0b1738));
    --_surface: var(--latchkey-surface, light-dark(#fff, #14161b));
    --_ink: var(--latchkey-ink, light-dark(#17191e, #eceef2));
    --_quiet: var(--latchkey-quiet, light-dark(#565e6c, #a7aebb));
    --_line: var(--latchkey-line, light-dark(#868e9c, #6d7583));
    --_bad: var(--latchkey-bad, light-dark(#b3261e, #ffb4ab));
    --_good: var(--latchkey-good, light-dark(#17703f, #7fdba5));
  }
}
:host([hidden]), [hidden] { display: none !important; }
*, *::before, *::after { box-sizing: border-box; }
form, .done { display: flex; flex-direction: column; margin: 0; }
:is(form, .done) > * + * { margin-block-start: 1rem; }
h2 { margin: 0; font-size: 1.5rem; line-height: 1.25; font-weight: 650; letter-spacing: -.01em; text-wrap: balance; }
p { margin: 0; }
.to { font-weight: 600; overflow-wrap: anywhere; }
.field { display: grid; gap: .375rem; }
label, legend { font-weight: 600; font-size: .9375rem; padding: 0; }
.quiet { color: var(--_quiet); font-size: .9375rem; }
input:not([type="radio"]) {
  inline-size: 100%;
  min-block-size: 3rem;
  padding: .5rem .875rem;
  border: 1px solid var(--_line);
  border-radius: var(--_radius);
  background: var(--_surface);
  color: inherit;
  font: inherit;
  /* Smaller, and phones zoom in on focus. */
  font-size: max(1rem, 16px);
}
input.code {
  padding-inline: .9em .5em;
  font-family: ui-monospace, "SF Mono", "Cascadia Mono", Menlo, Consolas, monospace;
  font-size: 1.75rem;
  font-variant-numeric: tabular-nums;
  letter-spacing: .4em;
  text-align: center;
}
input[aria-invalid="true"] { border-color: var(--_bad); box-shadow: 0 0 0 1px var(--_bad); }
:focus-visible { outline: 3px solid var(--_accent); outline-offset: 2px; }
.done .status:focus { outline: none; }
.ways { margin-inline: 0; padding: 0; border: 0; min-inline-size: 0; }
.row { display: flex; flex-wrap: wrap; gap: .5rem; margin-block-start: .375rem; }
.way {
  display: flex;
  flex: 1;
  align-items: center;
  gap: .625rem;
  min-block-size: 2.75rem;
  padding-inline: .875rem;
  border: 1px solid var(--_line);
  border-radius: var(--_radius);
  font-weight: 400;
  font-size: 1rem;
  cursor: pointer;
}
.way:has(:checked) { border-color: var(--_accent); box-shadow: 0 0 0 1px var(--_accent); }
.way:has(:focus-visible) { outline: 3px solid var(--_accent); outline-offset: 2px; }
.way input { inline-size: 1.125rem; block-size: 1.125rem; margin: 0; accent-color: var(--_accent); outline: none; }
button { font: inherit; cursor: pointer; }
button[type="submit"] {
  position: relative;
  min-block-size: 3rem;
  padding: .5rem 1.25rem;
  border: 1px solid transparent;
  border-radius: var(--_radius);
  background: var(--_accent);
  color: var(--_accent-ink);
  font-weight: 600;
  transition: filter .15s;
}
button[type="submit"]:hover { filter: brightness(1.08); }
button[aria-disabled="true"] { cursor: default; }
button[type="submit"][aria-disabled="true"] { background: none; border-color: var(--_line); color: var(--_quiet); filter: none; }
button[aria-busy="true"] { cursor: progress; }
button[type="submit"][aria-busy="true"]::after {
  content: "";
  position: absolute;
  inset-inline-end: 1rem;
  inset-block-start: calc(50% - .5rem);
  inline-size: 1rem;
  block-size: 1rem;
  border: 2px solid currentColor;
  border-inline-end-color: transparent;
  border-radius: 50%;
  animation: turn .8s linear infinite;
}
.links { display: flex; flex-wrap: wrap; column-gap: 1.25rem; }
.link {
  min-block-size: 2.75rem;
  min-inline-size: 2.75rem;
  padding: 0;
  border: 0;
  border-radius: .25rem;
  background: none;
  color: var(--_accent);
  font-size: .9375rem;
  text-align: start;
  text-decoration: underline;
  text-decoration-thickness: 1px;
  text-underline-offset: .2em;
  font-variant-numeric: tabular-nums;
}
.link:hover { text-decoration-thickness: 2px; }
.link[aria-disabled="true"] { color: var(--_quiet); text-decoration: none; }
/* An empty alert stays where it is, so that what comes into it is read out; it takes no room. */
.notice:has(.alert:empty) { margin-block-start: 0; }
.alert { color: var(--_bad); font-size: .9375rem; }
[role="timer"] { margin-block-start: .25rem; font-variant-numeric: tabular-nums; }
.status { display: flex; align-items: baseline; gap: .625rem; color: var(--_quiet); font-size: .9375rem; }
.status::before {
  content: "";
  flex: none;
  inline-size: .625rem;
  block-size: .625rem;
  border: 2px solid currentColor;
  border-radius: 50%;
}
.status:is([data-state="queued"], [data-state="sent"])::before { animation: breathe 1.6s ease-in-out infinite; }
.status:is([data-state="delivered"], [data-state="read"]) { color: var(--_good); }
.status:is([data-state="delivered"], [data-state="read"])::before {
  inline-size: .4375rem;
  block-size: .8125rem;
  border-width: 0 2.5px 2.5px 0;
  border-radius: 1px;
  rotate: 42deg;
  translate: 0 -1px;
}
.status:is([data-state="bounced"], [data-state="failed"], [data-state="complained"]) { color: var(--_bad); }
.status:is([data-state="bounced"], [data-state="failed"], [data-state="complained"])::before { background: currentColor; }
.done .status { font-size: 1.125rem; }
.view { animation: arrive .18s ease-out; }
@keyframes arrive { from { opacity: 0; translate: 0 .25rem; } }
@keyframes turn { to { rotate: 1turn; } }
@keyframes breathe { 50% { opacity: .3; } }
@media (prefers-reduced-motion: reduce) {
  *, *::before, *::after { animation: none !important; transition: none !important; }
}
@media (forced-colors: active) {
  button[type="submit"] { border-color: ButtonText; }
}
`;

let sheet: CSSStyleSheet | undefined;

/** One sheet for all elements of a page; made by script, which a policy for style elements and attributes does not concern. */
export function styles(): CSSStyleSheet {
  if (!sheet) {
    sheet = new CSSStyleSheet();
    sheet.replaceSync(CSS);
  }
  return sheet;
}
