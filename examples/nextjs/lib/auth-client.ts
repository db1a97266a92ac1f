import { createAuthClient } from "better-auth/client";

/** Better Auth's client in the browser; it uses this app's own /api/auth. */
export const authClient = createAuthClient();

const CHANNEL = "signed-out";

/** Signs out and loads the sign-in page, which discards the state of this page. Returns false on failure. */
export async function signOut(): Promise<boolean> {
  const { error } = await authClient.signOut().catch(() => ({ error: true }));
  if (error) return false;
  new BroadcastChannel(CHANNEL).postMessage(null);
  location.assign("/sign-in");
  return true;
}

/** Loads the sign-in page when the user signs out in another tab. This tab's token would be valid for minutes. */
export function followSignOut(): () => void {
  const channel = new BroadcastChannel(CHANNEL);
  channel.onmessage = () => location.assign("/sign-in");
  return () => channel.close();
}
