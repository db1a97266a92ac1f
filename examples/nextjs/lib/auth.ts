/*
 * File 1 of 3 to copy into your own frontend: Better Auth on the server.
 *
 * If you have a Better Auth configuration already, take two things from here: the `jwt` plugin,
 * and `user.modelName` (or leave your model's name alone, and set USERS_TABLE=user for the API).
 */
import { betterAuth } from "better-auth";
import { jwt } from "better-auth/plugins";
import { SignJWT } from "jose";
import { Pool } from "pg";

const { DATABASE_URL, BETTER_AUTH_SECRET, BETTER_AUTH_URL, JWT_MODE, JWT_EXPIRATION } = process.env;

const database = new Pool({ connectionString: DATABASE_URL, max: 5, connectionTimeoutMillis: 10_000 });
// A database that sleeps closes idle connections. Without a listener that would end the process.
database.on("error", (error) => console.warn(`an idle database connection was lost: ${error.message}`));

const token = {
  expirationTime: JWT_EXPIRATION || "15m",
  // The default is the whole user, e-mail address included. The API needs `sub` and `exp` only,
  // and Better Auth adds both to what this returns.
  definePayload: () => ({}),
};

/** Better Auth's default: EdDSA, with keys in the database, published at /api/auth/jwks. */
function signedWithKeys() {
  return jwt({ jwt: token, disableSettingJwtHeader: true });
}

/** HS256 with the secret that the API knows as well. */
function signedWithSecret() {
  // The text's bytes, as they are: no base64.
  const key = new TextEncoder().encode(BETTER_AUTH_SECRET);
  return jwt({
    jwt: {
      ...token,
      sign: (claims, header) => new SignJWT(claims).setProtectedHeader({ ...header, alg: "HS256" }).sign(key),
    },
    // The plugin insists on both beside a `sign` of one's own. Nobody reads them: there is no
    // key set, and this closes /api/auth/jwks.
    jwks: { remoteUrl: "https://unused.invalid", keyPairConfig: { alg: "EdDSA" } },
    disableSettingJwtHeader: true,
  });
}

export const auth = betterAuth({
  database,
  secret: BETTER_AUTH_SECRET,
  // Tokens name this as their issuer and audience. Left out, they would name whatever host a
  // request asks for.
  baseURL: BETTER_AUTH_URL,
  emailAndPassword: { enabled: true },
  // The table that the API's tasks refer to.
  user: { modelName: "users" },
  // Not here: the app migrates when it starts (instrumentation.ts). Without that, leave it out.
  advanced: { database: { validateSchema: false } },
  plugins: [JWT_MODE === "secret" ? signedWithSecret() : signedWithKeys()],
});
