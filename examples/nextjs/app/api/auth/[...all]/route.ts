import { toNextJsHandler } from "better-auth/next-js";

// Imported at the first request, so that `next build` needs neither database nor secret.
export const { GET, POST } = toNextJsHandler(async (request: Request) => {
  const { auth } = await import("@/lib/auth");
  return auth.handler(request);
});
