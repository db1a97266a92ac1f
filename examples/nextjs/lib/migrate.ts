import { getMigrations } from "better-auth/db/migration";
import { auth } from "./auth";

const ATTEMPTS = 10;

/** Migrates Better Auth's tables; the API may have created `users` already. */
export async function migrate(): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    try {
      // Errors only: otherwise every start logs a warning that the API's `users` has nullable columns.
      const { runMigrations } = await getMigrations({ ...auth.options, logger: { level: "error" } });
      await runMigrations();
      return;
    } catch (error) {
      // The database does not accept connections yet, or the API is creating `users` now.
      if (attempt === ATTEMPTS) throw error;
      await new Promise((resolve) => setTimeout(resolve, 1000));
    }
  }
}
