// Fastify + pg + fast-jwt: schemas for requests and responses, named statements.
import { createPublicKey } from "node:crypto";

import { createVerifier } from "fast-jwt";
import Fastify from "fastify";
import pg from "pg";

const BIGINT = 20;
const FOREIGN_KEY_VIOLATION = "23503";

pg.types.setTypeParser(BIGINT, Number);
const pool = new pg.Pool({ connectionString: process.env.NEON_DB_URL, max: 10 });

const requiredClaims = ["exp", "sub"];
const verify = process.env.BETTER_AUTH_JWKS_URL
  ? await keySetVerifier(process.env.BETTER_AUTH_JWKS_URL)
  : createVerifier({ key: process.env.BETTER_AUTH_SECRET, algorithms: ["HS256"], requiredClaims });

// fast-jwt fetches no key sets, and prepares a key that a function returns for every token.
// So: one verifier for each key of the set, fetched once.
async function keySetVerifier(url) {
  const { keys } = await (await fetch(url)).json();
  const verifiers = new Map(
    keys.map((jwk) => [
      jwk.kid,
      createVerifier({
        key: createPublicKey({ key: jwk, format: "jwk" }).export({ type: "spki", format: "pem" }),
        algorithms: [jwk.alg],
        requiredClaims,
        allowedIss: process.env.BETTER_AUTH_ISSUER,
        allowedAud: process.env.BETTER_AUTH_AUDIENCE,
      }),
    ]),
  );
  return (token) => {
    const header = JSON.parse(Buffer.from(token.slice(0, token.indexOf(".")), "base64url"));
    return verifiers.get(header.kid)(token);
  };
}

const title = { type: "string", minLength: 1, maxLength: 200, pattern: "\\S" };
const description = { type: ["string", "null"], maxLength: 1000 };
const task = {
  type: "object",
  properties: {
    id: { type: "integer" },
    user_id: { type: "string" },
    title: { type: "string" },
    description: { type: "string", nullable: true },
    completed: { type: "boolean" },
    created_at: { type: "string", format: "date-time" },
    updated_at: { type: "string", format: "date-time" },
  },
};
const query = {
  type: "object",
  properties: {
    status: { enum: ["all", "pending", "completed"], default: "all" },
    sort: { enum: ["created", "title"], default: "created" },
  },
};
const creation = { type: "object", required: ["title"], properties: { title, description } };
const edit = { type: "object", properties: { title, description } };

const COLUMNS = "id, user_id, title, description, completed, created_at, updated_at";
const FILTERS = { all: "", pending: " AND NOT completed", completed: " AND completed" };
const ORDERS = { created: "created_at, id", title: "lower(title), id" };

function failure(statusCode, message) {
  return Object.assign(new Error(message), { statusCode });
}

async function run(name, text, values) {
  const { rows } = await pool.query({ name, text, values });
  return rows;
}

async function one(request, name, text, ...values) {
  const { userId, taskId } = request.params;
  if (!/^[1-9]\d{0,17}$/.test(taskId)) throw failure(404, "Task not found");
  const [row] = await run(name, text, [taskId, userId, ...values]);
  if (row === undefined) throw failure(404, "Task not found");
  return row;
}

const app = Fastify({
  logger: false,
  forceCloseConnections: true,
  ajv: { customOptions: { coerceTypes: false } },
});

app.addHook("onRequest", async (request, reply) => {
  const header = request.headers.authorization ?? "";
  let claims;
  try {
    claims = verify(header.slice(0, 7).toLowerCase() === "bearer " ? header.slice(7) : "");
  } catch {
    reply.header("WWW-Authenticate", "Bearer");
    throw failure(401, "Not authenticated");
  }
  if (claims.sub !== request.params.userId) throw failure(403, "Not your tasks");
});

app.setErrorHandler((error, request, reply) => {
  let status = error.validation && error.validationContext !== "params" ? 422 : error.statusCode ?? 500;
  if (error.code === FOREIGN_KEY_VIOLATION) status = 401;
  if (status >= 500) console.error(error);
  const detail = status >= 500 ? "Something went wrong" : error.message;
  reply.code(status).send({ status_code: status, detail });
});

app.get(
  "/api/:userId/tasks",
  { schema: { querystring: query, response: { 200: { type: "array", items: task } } } },
  async (request) => {
    const { status, sort } = request.query;
    return run(
      `list ${status} ${sort}`,
      `SELECT ${COLUMNS} FROM tasks WHERE user_id = $1${FILTERS[status]} ORDER BY ${ORDERS[sort]}`,
      [request.params.userId],
    );
  },
);

app.post(
  "/api/:userId/tasks",
  { schema: { body: creation, response: { 201: task } } },
  async (request, reply) => {
    const { userId } = request.params;
    const { title, description = null } = request.body;
    const [created] = await run(
      "create",
      `INSERT INTO tasks (user_id, title, description) VALUES ($1, $2, $3) RETURNING ${COLUMNS}`,
      [userId, title.trim(), description],
    );
    reply.code(201).header("Location", `/api/${userId}/tasks/${created.id}`);
    return created;
  },
);

app.get("/api/:userId/tasks/:taskId", { schema: { response: { 200: task } } }, (request) =>
  one(request, "get", `SELECT ${COLUMNS} FROM tasks WHERE id = $1 AND user_id = $2`),
);

app.put(
  "/api/:userId/tasks/:taskId",
  { schema: { body: edit, response: { 200: task } } },
  (request) => {
    const { title = null, description } = request.body;
    return one(
      request,
      "edit",
      `UPDATE tasks
       SET title = coalesce($3, title),
           description = CASE WHEN $4 THEN $5 ELSE description END,
           updated_at = now()
       WHERE id = $1 AND user_id = $2 RETURNING ${COLUMNS}`,
      title && title.trim(),
      description !== undefined,
      description ?? null,
    );
  },
);

app.patch("/api/:userId/tasks/:taskId/complete", { schema: { response: { 200: task } } }, (request) =>
  one(
    request,
    "toggle",
    `UPDATE tasks SET completed = NOT completed, updated_at = now()
     WHERE id = $1 AND user_id = $2 RETURNING ${COLUMNS}`,
  ),
);

app.delete("/api/:userId/tasks/:taskId", async (request, reply) => {
  await one(request, "delete", "DELETE FROM tasks WHERE id = $1 AND user_id = $2 RETURNING id");
  return reply.code(204).send();
});

await app.listen({ host: "127.0.0.1", port: Number(process.env.PORT) });
process.on("SIGTERM", () => app.close().then(() => pool.end()).then(() => process.exit(0)));
