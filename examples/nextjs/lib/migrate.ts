import { getMigrations } from "better-auth/db/migration";
import { auth } from "./auth";

const ATTEMPTS = 10;

/** Migrates Better Auth's tables. The API finds them, even if it has started first. */
export async function migrate(): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    try {
      const { runMigrations } = await getMigrations(auth.options);
      await runMigrations();
      return;
    } catch (error) {
      // The database does not accept connections yet.
      if (attempt === ATTEMPTS) throw error;
      await new Promise((resolve) => setTimeout(resolve, 1000));
    }
  }
}
