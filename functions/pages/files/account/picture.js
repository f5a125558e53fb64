// The picture: chosen, cropped, sent; or taken away.

import { $, busy, make, saying } from "../parts/dom.js";
import { latchkey } from "../parts/session.js";
import { cropped } from "./crop.js";
import { load, onProfile } from "./person.js";

const say = saying($("picture-alert"));
const done = (sentence) => ($("picture-done").textContent = sentence);

function show(me) {
  const has = me.avatar_urls !== null;
  // Larger than it is shown: phones have dense screens.
  const image = has && make("img", { src: me.avatar_urls["256"], alt: "Your picture", width: 96, height: 96 });
  $("picture").replaceChildren(image || make("span", { "aria-hidden": "true" }, me.initials));
  $("pick").textContent = has ? "Change" : "Add a picture";
  if (has) $("pick").setAttribute("aria-label", "Change picture");
  else $("pick").removeAttribute("aria-label");
  $("remove-picture").hidden = !has;
}

async function change(file) {
  done("");
  let bitmap;
  try {
    bitmap = await createImageBitmap(file);
  } catch {
    throw new Error("This file is no picture that the browser can read. Choose a JPEG, PNG, WebP or GIF.");
  }
  const square = await cropped(bitmap, file.type);
  bitmap.close();
  if (!square) return;
  await latchkey.uploadAvatar(square);
  await load();
  done("Your picture was changed.");
}

export function startPicture() {
  onProfile(show);
  $("pick").addEventListener("click", () => $("file").click());
  $("file").addEventListener("change", () => {
    const [file] = $("file").files;
    $("file").value = ""; // the same file may be chosen again
    if (file) busy($("pick"), say, () => change(file)).then(() => $("pick").focus());
  });
  $("remove-picture").addEventListener("click", () =>
    busy($("remove-picture"), say, async () => {
      await latchkey.api.DELETE("/api/profile/avatar/");
      await load();
      done("Your picture was removed.");
      $("pick").focus();
    }));
}
