/*
 * A minimal Better Auth server. The environment variable BETTER_AUTH configures it, as JSON. It
 * prints its port after the migrations and exits when its standard input closes.
 */
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { createServer } from "node:http";
import { betterAuth } from "better-auth";
import { getMigrations } from "better-auth/db/migration";
import { toNodeHandler } from "better-auth/node";
import { bearer, jwt } from "better-auth/plugins";
import { SignJWT } from "jose";
import { PostgresDialect } from "kysely";
import { Pool } from "pg";

const given = JSON.parse(process.env.BETTER_AUTH);

process.stdin.on("close", () => process.exit()).resume();

/** Better Auth's default: a key set, published at /api/auth/jwks. */
function signedWithKeys({ algorithm, rotationInterval, gracePeriod }) {
  return { jwks: { keyPairConfig: algorithm && { alg: algorithm }, rotationInterval, gracePeriod } };
}

/** HS256, which Better Auth does not support itself. The key is the bytes of the text. */
function signedWithSecret({ secret }) {
  const key = new TextEncoder().encode(secret);
  return {
    sign: (claims) => new SignJWT(claims).setProtectedHeader({ alg: "HS256" }).sign(key),
    jwks: { remoteUrl: "https://unused.invalid", keyPairConfig: { alg: "EdDSA" } },
  };
}

const randomUUIDs = () => randomUUID();
const mails = [];
let answer = (_request, response) => response.writeHead(503).end();
let migrate;
const others = {
  "/mails": async () => JSON.stringify(mails),
  "/migrate": async () => (await migrate(), ""),
};
const server = createServer(async (request, response) => {
  const other = others[request.url];
  try {
    if (other) response.end(await other());
    else await answer(request, response);
  } catch (error) {
    console.error(error);
    if (!response.headersSent) response.writeHead(500);
    response.end();
  }
});
server.listen(0, "127.0.0.1");
await once(server, "listening");
const { port } = server.address();

const cachedWithKeys = given.cookieCache === "jwtOfKeys";
const { sign, jwks } = given.signedWith === "secret" ? signedWithSecret(given) : signedWithKeys(given);
const pool = new Pool(given.database);
const auth = betterAuth({
  database: given.schemaName
    ? { dialect: new PostgresDialect({ pool }), type: "postgres", schemaName: given.schemaName }
    : pool,
  secret: given.secret,
  // null leaves it out; Better Auth then uses the Host header of each request.
  baseURL: given.baseURL === null ? undefined : (given.baseURL ?? `http://127.0.0.1:${port}`),
  emailAndPassword: { enabled: true },
  emailVerification: { sendVerificationEmail: async ({ token }) => void mails.push(token) },
  user: { modelName: given.usersTable, deleteUser: { enabled: true } },
  session: given.cookieCache && {
    cookieCache: { enabled: true, strategy: cachedWithKeys ? "jwt" : given.cookieCache },
  },
  // With a function, Better Auth creates text columns, whatever the function returns.
  advanced: { database: { generateId: given.ids === "uuidAsText" ? randomUUIDs : given.ids } },
  plugins: [
    bearer(),
    jwt({
      jwt: { sign, expirationTime: given.expirationTime },
      jwks,
      sessionCookieCache: cachedWithKeys,
    }),
  ],
});
if (given.tables === "printed") {
  // The statements for a migration by hand, and no server.
  const statements = await (await getMigrations(auth.options)).compileMigrations();
  process.stdout.write(statements, () => process.exit());
  await once(process, "exit");
}
migrate = async () => (await getMigrations(auth.options)).runMigrations();
// Otherwise the tables were made by hand, or are made when /migrate is requested.
if (given.tables === undefined) await migrate();
answer = toNodeHandler(auth);
console.log(port);
