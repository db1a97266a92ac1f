import { createAuthClient } from "better-auth/client";

/** Better Auth in the browser: signs up, in and out at this app's own /api/auth. */
export const authClient = createAuthClient();

/** Signs out and leaves the page, and with it everything that it remembers. False if that failed. */
export async function signOut(): Promise<boolean> {
  const { error } = await authClient.signOut();
  if (!error) location.assign("/sign-in");
  return !error;
}
