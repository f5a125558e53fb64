// What can be chosen: languages by their own names, time zones by their places.

import { make } from "../parts/dom.js";

const TRANSLATED = ["en", "de", "es", "fr", "pt", "ja"];
const OTHERS = ["ar", "bg", "bn", "cs", "da", "el", "et", "fi", "he", "hi", "hr", "hu", "id", "it", "ko", "lt", "lv", "nb", "nl", "pl", "ro", "ru", "sk", "sl", "sr", "sv", "th", "tr", "uk", "ur", "vi", "zh-Hans", "zh-Hant"];

function languageName(tag) {
  try {
    const own = new Intl.DisplayNames([tag], { type: "language" }).of(tag);
    return own.charAt(0).toLocaleUpperCase(tag) + own.slice(1);
  } catch {
    return tag;
  }
}

const options = (values, name) => values.map((value) => make("option", { value }, name(value)));

/** Languages; whichever the profile has is among them. */
export function fillLanguages(select, current) {
  const known = TRANSLATED.includes(current) || OTHERS.includes(current);
  select.replaceChildren(
    make("optgroup", { label: "Messages in this language" }, options(TRANSLATED, languageName)),
    make("optgroup", { label: "Messages in the nearest one" }, options(known ? OTHERS : [current, ...OTHERS], languageName)));
}

const place = (zone) => zone.slice(zone.indexOf("/") + 1).replaceAll("_", " ").replaceAll("/", ", ");

/** Time zones by region, this device's first. */
export function fillZones(select, current) {
  if (select.options.length && [...select.options].some(({ value }) => value === current)) return;
  const here = Intl.DateTimeFormat().resolvedOptions().timeZone;
  const regions = new Map();
  for (const zone of new Set([...Intl.supportedValuesOf("timeZone"), here, current])) {
    if (!zone.includes("/")) continue;
    const region = zone.slice(0, zone.indexOf("/"));
    regions.set(region, [...(regions.get(region) ?? []), zone]);
  }
  const plain = [...new Set(["UTC", ...[here, current].filter((zone) => !zone.includes("/"))])];
  select.replaceChildren(
    make("optgroup", { label: "Usual" }, options([...new Set([here, ...plain])], (zone) => (zone === here ? `${place(zone)} (this device)` : zone))),
    ...[...regions].map(([region, zones]) => make("optgroup", { label: region }, options(zones.filter((zone) => zone !== here).sort(), place))));
}

/** The time of day in a zone. */
export function timeIn(zone) {
  try {
    return new Intl.DateTimeFormat("en-GB", { weekday: "short", hour: "2-digit", minute: "2-digit", hourCycle: "h23", timeZone: zone }).format(new Date());
  } catch {
    return "some other time"; // a zone that this browser does not know
  }
}
