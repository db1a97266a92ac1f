import { createAuthClient } from "better-auth/client";

/** Better Auth's client in the browser; it uses this app's own /api/auth. */
export const authClient = createAuthClient();

/** Signs out and loads the sign-in page, which discards the state of this page. Returns false on failure. */
export async function signOut(): Promise<boolean> {
  const { error } = await authClient.signOut().catch(() => ({ error: true }));
  if (!error) location.assign("/sign-in");
  return !error;
}
