import { createLatchkey, LatchkeyError } from "latchkey-client";

const latchkey = createLatchkey({ baseUrl: "https://auth.example.com" });

const sent = await latchkey.requestCode({ identifier: "jane@example.com" });
latchkey.countdown(sent.resend_in, (left) => console.log(left ? `again in ${left} s` : "you may ask again"));
void latchkey.watchDelivery(sent.delivery_id, ({ status }) => console.log(status));

try {
  const { user } = await latchkey.verifyCode({ identifier: "jane@example.com", code: "881 327" });
  console.log(user.is_new_user ? "welcome" : "hello", user.id);
} catch (error) {
  if (error instanceof LatchkeyError && error.code === "otp_invalid") console.log("Not right, or not any more.");
  else throw error;
}

const { data: profile, response } = await latchkey.api.GET("/api/profile/");
await latchkey.api.PATCH("/api/profile/", {
  body: { first_name: "Jane" },
  headers: { "If-Match": response.headers.get("ETag") },
});
console.log(profile.display_username);

// Your own service checks the token by the published keys: docs/TOKENS.md.
await fetch("https://api.example.com/orders", {
  headers: { authorization: `Bearer ${await latchkey.accessToken()}` },
});

await latchkey.signOut();

export {};
