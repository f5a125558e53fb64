import "latchkey-client/element";
import { createLatchkey, type SignedIn } from "latchkey-client";

const element = document.querySelector("latchkey-sign-in")!;
element.client = createLatchkey({ baseUrl: "https://auth.example.com" });
element.addEventListener("latchkey-signed-in", (event) => {
  const { user } = (event as CustomEvent<SignedIn>).detail;
  location.assign(user.is_new_user ? "/welcome" : "/");
});

export {};
