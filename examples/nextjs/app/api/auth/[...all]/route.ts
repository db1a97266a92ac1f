import { toNextJsHandler } from "better-auth/next-js";

// Loaded by the first request: `next build` needs neither database nor secret that way.
export const { GET, POST } = toNextJsHandler(async (request: Request) => {
  const { auth } = await import("@/lib/auth");
  return auth.handler(request);
});
