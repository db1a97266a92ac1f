/*
 * File 1 of 3 to copy into your own frontend: Better Auth on the server.
 *
 * If you already have a Better Auth configuration, copy only the `jwt` plugin from this one.
 */
import { betterAuth } from "better-auth";
import { jwt } from "better-auth/plugins";
import { SignJWT } from "jose";
import { Pool } from "pg";

const { DATABASE_URL, BETTER_AUTH_SECRET, BETTER_AUTH_URL, JWT_MODE, JWT_EXPIRATION } = process.env;

const database = new Pool({ connectionString: DATABASE_URL, max: 5, connectionTimeoutMillis: 10_000 });
// A database that suspends closes idle connections. Without a listener this error would end the process.
database.on("error", (error) => console.warn(`an idle database connection was lost: ${error.message}`));

const token = {
  expirationTime: JWT_EXPIRATION || "15m",
  // The default payload is the whole user, with the e-mail address. The API needs only `sub` and
  // `exp`, and Better Auth adds both to this payload.
  definePayload: () => ({}),
};

/** Better Auth's default: EdDSA, with keys in the database, published at /api/auth/jwks. */
function signedWithKeys() {
  return jwt({ jwt: token, disableSettingJwtHeader: true });
}

/** HS256 with the secret that the API has, too. */
function signedWithSecret() {
  // The bytes of the text; the secret is not base64.
  const key = new TextEncoder().encode(BETTER_AUTH_SECRET);
  return jwt({
    jwt: {
      ...token,
      sign: (claims, header) => new SignJWT(claims).setProtectedHeader({ ...header, alg: "HS256" }).sign(key),
    },
    // The plugin requires both if `sign` is set, but does not use them. There is no key set, and
    // `remoteUrl` disables /api/auth/jwks.
    jwks: { remoteUrl: "https://unused.invalid", keyPairConfig: { alg: "EdDSA" } },
    disableSettingJwtHeader: true,
  });
}

export const auth = betterAuth({
  database,
  secret: BETTER_AUTH_SECRET,
  // Tokens name this as their issuer and audience. Without it they would name the host of the
  // request.
  baseURL: BETTER_AUTH_URL,
  emailAndPassword: { enabled: true },
  // The app migrates at its start (instrumentation.ts). If yours does not, leave this line out.
  advanced: { database: { validateSchema: false } },
  plugins: [JWT_MODE === "secret" ? signedWithSecret() : signedWithKeys()],
});
