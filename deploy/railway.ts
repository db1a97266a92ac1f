// tasks-api on Railway: railway config apply --file deploy/railway.ts. Railway sets PORT. Set NEON_DB_URL in Railway;
// preserve() keeps it.
import { defineRailway, image, preserve, project, service } from "railway/iac";

export default defineRailway(() =>
  project("tasks-api", {
    resources: [
      service("tasks-api", {
        source: image("ghcr.io/OWNER/tasks-api:0.1.0"),
        deploy: {
          healthcheckPath: "/health/ready",
          // The service exits within 10 s after SIGTERM. Railway would not wait.
          drainingSeconds: 10,
        },
        env: {
          NEON_DB_URL: preserve(),
          BETTER_AUTH_JWKS_URL: "https://app.example.com/api/auth/jwks",
          CORS_ORIGINS: "https://app.example.com",
        },
      }),
    ],
  }),
);
