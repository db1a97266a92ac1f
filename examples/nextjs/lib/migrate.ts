import { getMigrations } from "better-auth/db/migration";
import { auth } from "./auth";

const ATTEMPTS = 10;

/** Brings Better Auth's tables up to date; `users` may be there already, made by the API. */
export async function migrate(): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    try {
      // Errors only: it would warn, at every start, that the API's `users` has nullable columns.
      const { runMigrations } = await getMigrations({ ...auth.options, logger: { level: "error" } });
      await runMigrations();
      return;
    } catch (error) {
      // The database is not up yet, or the API makes `users` at this very moment.
      if (attempt === ATTEMPTS) throw error;
      await new Promise((resolve) => setTimeout(resolve, 1000));
    }
  }
}
