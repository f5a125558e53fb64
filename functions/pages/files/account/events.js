// What happened, as a person says it: the words of the activity's events and of their particulars.

import { way } from "../parts/words.js";

const FIELDS = { username: "username", first_name: "first name", last_name: "last name", bio: "about you", language: "language", timezone: "time zone" };
const ADDRESSES = { email: "E-mail address", phone: "Phone number" };
const ENDINGS = {
  signed_out: "signed out",
  revoked: "ended from the list of sessions",
  refresh_reused: "its token was used twice, so somebody may have a copy",
  evicted: "a newer sign-in took its place",
  identifier_changed: "an address was changed",
  erasure_asked: "erasure was asked for",
  operator: "ended by support",
};

const address = (detail) => ADDRESSES[detail] ?? "Address";

const SENTENCES = {
  signed_in: (detail) => `Signed in by ${way(detail)}`,
  profile_updated: (detail) => `Profile changed: ${detail.split(" ").map((name) => FIELDS[name] ?? name).join(", ")}`,
  identifier_added: (detail) => `${address(detail)} added`,
  identifier_changed: (detail) => `${address(detail)} changed`,
  identifier_removed: (detail) => `${address(detail)} removed`,
  avatar_changed: () => "Picture changed",
  avatar_removed: () => "Picture removed",
  erasure_requested: () => "Erasure asked for",
  erasure_undone: () => "Erasure undone",
  // After the reason comes the session's id, which says nothing to a person.
  session_ended: (detail) => {
    const why = detail.split(" ")[0];
    return `A session ended: ${ENDINGS[why] ?? why.replaceAll("_", " ")}`;
  },
  refresh_elsewhere: () => "A session was used from another network or by another program",
  wrong_codes: (detail) => `Wrong codes were entered before a sign-in: ${parseInt(detail, 10) || "some"}`,
};

/** One line of activity as a sentence; an event that is newer than this page is shown as it is called. */
export const happened = ({ event, detail }) => SENTENCES[event]?.(detail) ?? `${event} ${detail}`.trim().replaceAll("_", " ");
