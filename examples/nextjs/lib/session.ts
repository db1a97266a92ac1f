import { headers } from "next/headers";

/** Returns the signed-in user, found by the request's cookie. */
export async function currentUser() {
  const request = { headers: await headers() };
  // Imported at a request, for the same reason as in app/api/auth.
  const { auth } = await import("./auth");
  return (await auth.api.getSession(request))?.user;
}
