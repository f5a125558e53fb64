import { useSyncExternalStore } from "react";
import { createLatchkey, type Session } from "latchkey-client";

const latchkey = createLatchkey({ baseUrl: "https://auth.example.com" });

/** Who is signed in, kept up to date, also by other tabs. */
function useSession(): Session | null {
  return useSyncExternalStore(latchkey.onSessionChange, () => latchkey.session, () => null);
}

export function Account() {
  const session = useSession();
  if (!session) return <a href="/sign-in">Sign in</a>;
  return <button onClick={() => void latchkey.signOut()}>Sign out</button>;
}

export {};
