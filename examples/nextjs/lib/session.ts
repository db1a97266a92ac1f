import { headers } from "next/headers";

/** The signed-in user, by the request's cookie. */
export async function currentUser() {
  const request = { headers: await headers() };
  // Loaded by a request only, for the same reason as in app/api/auth.
  const { auth } = await import("./auth");
  return (await auth.api.getSession(request))?.user;
}
