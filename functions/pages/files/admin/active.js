// How many people were here on one, seven and thirty days.

import { $, make } from "../parts/dom.js";
import { latchkey } from "../parts/session.js";
import { count } from "./methods.js";

const SPANS = [[1, "Today"], [7, "7 days"], [30, "30 days"]];

export async function showActive() {
  const figures = await Promise.all(SPANS.map(async ([days, name]) => {
    const { data } = await latchkey.api.GET("/api/analytics/active/", { params: { query: { days } } });
    return make("div", {}, make("dt", {}, name), make("dd", {}, count(data.active_users)));
  }));
  $("active").replaceChildren(
    make("dl", { class: "tiles" }, figures),
    make("p", { class: "quiet" }, "Distinct users who signed in or refreshed their session, up to now, whichever days are chosen above."));
}
