// Hono + postgres.js + jose.
import { serve } from "@hono/node-server";
import { Hono } from "hono";
import { HTTPException } from "hono/http-exception";
import { createRemoteJWKSet, jwtVerify } from "jose";
import postgres from "postgres";

const TITLE_MAX = 200;
const DESCRIPTION_MAX = 1000;
const FOREIGN_KEY_VIOLATION = "23503";

const sql = postgres(process.env.NEON_DB_URL, {
  max: 10,
  types: { bigint: { to: 20, from: [20], parse: Number, serialize: String } },
});

const keySet = process.env.BETTER_AUTH_JWKS_URL;

// Imported once: from the plain bytes, jose would import the key for every token.
const key = keySet
  ? createRemoteJWKSet(new URL(keySet))
  : await crypto.subtle.importKey(
      "raw",
      new TextEncoder().encode(process.env.BETTER_AUTH_SECRET),
      { name: "HMAC", hash: "SHA-256" },
      false,
      ["verify"],
    );
const verification = keySet
  ? {
      algorithms: ["EdDSA"],
      requiredClaims: ["exp", "sub"],
      issuer: process.env.BETTER_AUTH_ISSUER,
      audience: process.env.BETTER_AUTH_AUDIENCE,
    }
  : { algorithms: ["HS256"], requiredClaims: ["exp", "sub"] };

const columns = sql`id, user_id, title, description, completed, created_at, updated_at`;

function fail(status, message) {
  throw new HTTPException(status, { message });
}

function idOf(c) {
  const text = c.req.param("taskId");
  return /^[1-9]\d{0,17}$/.test(text) ? text : fail(404, "Task not found");
}

function only(rows) {
  return rows.length === 1 ? rows[0] : fail(404, "Task not found");
}

function titleIn(body) {
  const title = typeof body.title === "string" ? body.title.trim() : "";
  return title && title.length <= TITLE_MAX ? title : fail(422, "title must have 1 to 200 characters");
}

function descriptionIn(body) {
  const description = body.description ?? null;
  if (description !== null && (typeof description !== "string" || description.length > DESCRIPTION_MAX)) {
    fail(422, "description must have at most 1000 characters");
  }
  return description;
}

async function bodyOf(c) {
  try {
    return await c.req.json();
  } catch {
    return fail(400, "the body is not JSON");
  }
}

const app = new Hono();

app.use("/api/:userId/*", async (c, next) => {
  const [scheme, token] = (c.req.header("Authorization") ?? "").split(" ");
  let payload;
  try {
    if (scheme.toLowerCase() !== "bearer") throw new Error("no bearer token");
    ({ payload } = await jwtVerify(token, key, verification));
  } catch {
    return c.json({ status_code: 401, detail: "Not authenticated" }, 401, { "WWW-Authenticate": "Bearer" });
  }
  if (payload.sub !== c.req.param("userId")) fail(403, "Not your tasks");
  return next();
});

app.get("/api/:userId/tasks", async (c) => {
  const { status = "all", sort = "created" } = c.req.query();
  if (!["all", "pending", "completed"].includes(status)) fail(422, "status is unknown");
  if (!["created", "title"].includes(sort)) fail(422, "sort is unknown");
  const rows = await sql`
    SELECT ${columns} FROM tasks
    WHERE user_id = ${c.req.param("userId")}
    ${status === "all" ? sql`` : sql`AND completed = ${status === "completed"}`}
    ORDER BY ${sort === "title" ? sql`lower(title), id` : sql`created_at, id`}`;
  return c.json(rows);
});

app.post("/api/:userId/tasks", async (c) => {
  const body = await bodyOf(c);
  const userId = c.req.param("userId");
  const [task] = await sql`
    INSERT INTO tasks (user_id, title, description)
    VALUES (${userId}, ${titleIn(body)}, ${descriptionIn(body)}) RETURNING ${columns}`;
  return c.json(task, 201, { Location: `/api/${userId}/tasks/${task.id}` });
});

app.get("/api/:userId/tasks/:taskId", async (c) => {
  const rows = await sql`
    SELECT ${columns} FROM tasks WHERE id = ${idOf(c)} AND user_id = ${c.req.param("userId")}`;
  return c.json(only(rows));
});

app.put("/api/:userId/tasks/:taskId", async (c) => {
  const body = await bodyOf(c);
  const title = "title" in body ? titleIn(body) : null;
  const rows = await sql`
    UPDATE tasks
    SET title = coalesce(${title}, title),
        ${"description" in body ? sql`description = ${descriptionIn(body)},` : sql``}
        updated_at = now()
    WHERE id = ${idOf(c)} AND user_id = ${c.req.param("userId")} RETURNING ${columns}`;
  return c.json(only(rows));
});

app.patch("/api/:userId/tasks/:taskId/complete", async (c) => {
  const rows = await sql`
    UPDATE tasks SET completed = NOT completed, updated_at = now()
    WHERE id = ${idOf(c)} AND user_id = ${c.req.param("userId")} RETURNING ${columns}`;
  return c.json(only(rows));
});

app.delete("/api/:userId/tasks/:taskId", async (c) => {
  only(await sql`
    DELETE FROM tasks WHERE id = ${idOf(c)} AND user_id = ${c.req.param("userId")} RETURNING id`);
  return c.body(null, 204);
});

app.onError((error, c) => {
  if (error instanceof HTTPException) {
    return c.json({ status_code: error.status, detail: error.message }, error.status);
  }
  if (error.code === FOREIGN_KEY_VIOLATION) {
    return c.json({ status_code: 401, detail: "Unknown user" }, 401);
  }
  console.error(error);
  return c.json({ status_code: 500, detail: "Something went wrong" }, 500);
});

const server = serve({ fetch: app.fetch, hostname: "127.0.0.1", port: Number(process.env.PORT) });
process.on("SIGTERM", () => {
  server.closeAllConnections();
  server.close(() => sql.end({ timeout: 1 }).then(() => process.exit(0)));
});
