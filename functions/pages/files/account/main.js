// The account's page: what all of its sections need, and each section at its place.

import { $ } from "../parts/dom.js";
import { onlySignedIn } from "../parts/session.js";
import { day, sentence } from "../parts/words.js";
import { load, onProfile } from "./person.js";
import { startActivity } from "./activity.js";
import { startAddresses } from "./addresses.js";
import { startData } from "./data.js";
import { startPicture } from "./picture.js";
import { startProfile } from "./profile.js";
import { startSessions } from "./sessions.js";
import { startSources } from "./sources.js";

if (onlySignedIn()) {
  onProfile((me) => {
    $("name").textContent = me.display_username;
    $("since").textContent = `Member since ${day(me.date_joined)}`;
    $("to-admin").hidden = !me.roles.includes("admin");
  });
  [startPicture, startProfile, startAddresses, startSessions, startActivity, startSources, startData].forEach((start) => start());
  load().catch((error) => ($("trouble").textContent = sentence(error)));
}
