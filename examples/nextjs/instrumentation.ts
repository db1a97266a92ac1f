/** Next.js calls this once when the server starts, before the first request. */
export async function register(): Promise<void> {
  if (process.env.NEXT_RUNTIME !== "nodejs") return;
  for (const name of ["DATABASE_URL", "BETTER_AUTH_SECRET", "BETTER_AUTH_URL"]) {
    if (!process.env[name]) throw new Error(`${name} is not set: see .env.example`);
  }
  if (!["keys", "secret", "", undefined].includes(process.env.JWT_MODE)) {
    throw new Error("JWT_MODE must be keys or secret");
  }
  const { migrate } = await import("./lib/migrate");
  await migrate();
}
