import { sleep } from "./deliveries.js";
import { LatchkeyError } from "./errors.js";
import type { Send } from "./transport.js";
import type { Api, Picture, Profile, Schemas } from "./types.js";

/** What the API takes itself; a larger file goes to the bucket by a form. */
const DIRECT = 4 * 1024 * 1024;
const PAUSES = [500, 1_000, 1_500, 2_000, 3_000, 5_000, 8_000];

export async function uploadAvatar(api: Api, send: Send, picture: Blob, signal?: AbortSignal): Promise<Picture> {
  const abort = signal && { signal };
  if (picture.size <= DIRECT) {
    const form = new FormData();
    form.append("avatar", picture, "avatar");
    const body = form as unknown as Schemas["PictureFile"];
    return (await api.POST("/api/profile/avatar/", { body, bodySerializer: () => form, ...abort })).data;
  }
  const before = (await api.GET("/api/profile/", { ...abort })).data.avatar;
  const wish = { content_type: picture.type as Schemas["UploadRequest"]["content_type"], content_length: picture.size };
  const { data: form } = await api.POST("/api/profile/avatar/upload/", { body: wish, ...abort });
  const read = await intoBucket(form, picture, send, signal);
  // The bucket takes any bytes; whether they are a picture shows a moment later, in the profile.
  for (const pause of PAUSES) {
    await sleep(pause, signal);
    signal?.throwIfAborted();
    const me = (await api.GET("/api/profile/", { ...abort })).data;
    if (me.avatar && me.avatar !== before) return shown(me);
  }
  const sentence = read
    ? "The file was taken, and no picture came of it: it is broken, or no picture, or it takes long."
    : "The file may not have reached the bucket: its answer could not be read (is this origin in CORS_ORIGINS?).";
  throw new LatchkeyError("upload_unconfirmed", sentence);
}

/** Posts the form. False where the answer could not be read, which says nothing of whether the file arrived. */
async function intoBucket(form: Schemas["UploadForm"], picture: Blob, send: Send, signal?: AbortSignal): Promise<boolean> {
  const body = new FormData();
  for (const [name, value] of Object.entries(form.fields)) body.append(name, value);
  body.append("file", picture, "avatar");
  let response;
  try {
    response = await send(new Request(form.url, { method: "POST", body, ...(signal && { signal }) }));
  } catch (error) {
    if (error instanceof LatchkeyError) return false;
    throw error;
  }
  if (!response.ok) {
    throw new LatchkeyError("unexpected", `The bucket answered ${response.status}.`, { status: response.status });
  }
  return true;
}

function shown({ avatar, avatar_urls }: Profile): Picture {
  return { avatar, avatar_urls } as Picture;
}
