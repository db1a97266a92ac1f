/*
 * File 2 of 3 to copy into your own frontend: the tasks API in the browser.
 * (File 3 is api-schema.d.ts, its types, generated from the API's OpenAPI document.)
 *
 *     const api = tasksApi(session.user.id);
 *     const tasks = await api.list({ status: "pending", sort: "title" });
 *
 * Each call either returns what the API sent or throws one of the two errors below.
 */
import { decodeJwt } from "jose";
import createClient from "openapi-fetch";
import type { components, paths } from "./api-schema";

type Schemas = components["schemas"];
export type Task = Schemas["TaskResponse"];
export type TaskCreate = Schemas["TaskCreate"];
export type TaskUpdate = Schemas["TaskUpdate"];
export type StatusFilter = Schemas["StatusFilter"];
export type SortOrder = Schemas["SortOrder"];

const API_URL = process.env.NEXT_PUBLIC_API_URL ?? "http://localhost:8000";
// The API answers within 10 seconds, whatever happens to its database.
const TIMEOUT_MS = 15_000;

/** The API, or the way to it, said no. The message is a sentence for a person. */
export class ApiError extends Error {
  constructor(
    /** The HTTP status, or 0 when no answer came. */
    readonly status: number,
    message: string,
    /** Of a 422: what is wrong with each field. */
    readonly fields: Readonly<Record<string, string>> = {},
  ) {
    super(message);
  }
}

/** The session is over, or has become someone else's: time for the sign-in page. */
export class SignedOutError extends Error {}

export type TasksApi = ReturnType<typeof tasksApi>;

/** The tasks of one user, who must be the one that is signed in. */
export function tasksApi(userId: string) {
  const client = createClient<paths>({
    baseUrl: API_URL,
    fetch: (request) => fetchWithToken(request, userId),
  });
  const tasks = { user_id: userId };
  const task = (id: number) => ({ user_id: userId, task_id: id });
  // A task's tag is its `updated_at` in quotes.
  const asSeen = ({ id, updated_at }: Task) => ({
    params: { path: task(id), header: { "if-match": `"${updated_at}"` } },
  });
  return {
    list: (query: { status?: StatusFilter; sort?: SortOrder } = {}) =>
      result(client.GET("/api/{user_id}/tasks", { params: { path: tasks, query } })),
    create: (body: TaskCreate) => result(client.POST("/api/{user_id}/tasks", { params: { path: tasks }, body })),
    get: (id: number) => result(client.GET("/api/{user_id}/tasks/{task_id}", { params: { path: task(id) } })),
    // The rest do nothing (412) unless the task still is as it was `seen`. Nobody overwrites what
    // they have not seen that way, and each may be repeated when its answer was lost.
    /** Changes the fields that are there; the others stay. */
    update: (seen: Task, body: TaskUpdate) =>
      result(client.PUT("/api/{user_id}/tasks/{task_id}", { ...asSeen(seen), body })),
    /** Completes the task, or reopens it. */
    toggle: (seen: Task) => result(client.PATCH("/api/{user_id}/tasks/{task_id}/complete", asSeen(seen))),
    delete: (seen: Task) => result(client.DELETE("/api/{user_id}/tasks/{task_id}", asSeen(seen))),
  };
}

// ---- The token ------------------------------------------------------------------------------

type Token = { value: string; userId: string; renewAt: number };

// In memory only: no script finds it in a storage, and it is gone with the page.
let held: Token | undefined;
let onItsWay: Promise<Token> | undefined;

/** Call this when the person signs out without leaving the page. */
export function forgetToken(): void {
  held = undefined;
}

async function tokenOf(userId: string): Promise<Token> {
  if (!held || Date.now() >= held.renewAt) {
    // However many calls wait for a token, one request fetches it.
    onItsWay ??= fetchToken().finally(() => (onItsWay = undefined));
    held = await onItsWay;
  }
  // Someone else may have signed in from another tab: the session's cookie is shared.
  if (held.userId !== userId) throw new SignedOutError("Someone else has signed in");
  return held;
}

async function fetchToken(): Promise<Token> {
  const asked = Date.now();
  const response = await reach("/api/auth/token", { cache: "no-store" }, "The sign-in service");
  if (response.status === 401) throw new SignedOutError("The session has ended");
  if (!response.ok) throw new ApiError(response.status, "Your session could not be checked. Please try again.");
  const { token } = (await response.json()) as { token: string };
  const { sub = "", iat = 0, exp = 0 } = decodeJwt(token);
  // Counted from when we asked, so that a computer's wrong clock does no harm; and renewed a
  // little early, so that no token expires on its way to the API.
  const lifetime = (exp - iat) * 1000;
  return { value: token, userId: sub, renewAt: asked + lifetime - Math.min(30_000, lifetime / 5) };
}

async function fetchWithToken(request: Request, userId: string): Promise<Response> {
  const retry = request.clone(); // a body can be read only once
  const first = await tokenOf(userId);
  const response = await send(request, first);
  if (response.status !== 401) return response;
  // Expired after all, or its key is gone: once more with a new one. Nothing happens twice, for
  // the API looks at the token before anything else.
  if (held === first) forgetToken();
  return send(retry, await tokenOf(userId));
}

function send(request: Request, token: Token): Promise<Response> {
  request.headers.set("Authorization", `Bearer ${token.value}`);
  return reach(request, {}, "The tasks service");
}

async function reach(request: RequestInfo, init: RequestInit, who: string): Promise<Response> {
  try {
    return await fetch(request, { ...init, signal: AbortSignal.timeout(TIMEOUT_MS) });
  } catch {
    throw new ApiError(0, `${who} cannot be reached. Check your connection and try again.`);
  }
}

// ---- The answer -----------------------------------------------------------------------------

type Answer<T> = { data?: T; error?: unknown; response: Response };

async function result<T>(call: Promise<Answer<T>>): Promise<T> {
  const { data, error, response } = await call.catch((reason: unknown) => {
    if (reason instanceof ApiError || reason instanceof SignedOutError) throw reason;
    throw new ApiError(0, "The tasks service gave an answer that cannot be read. Please try again.");
  });
  if (response.ok) return data as T;
  // What answers may be a proxy that has never heard of our errors.
  const { detail, errors = [] } = (typeof error === "object" ? error : {}) as Partial<Schemas["ErrorResponse"]>;
  const message =
    typeof detail === "string" ? detail : `The tasks service failed (${response.status}). Please try again.`;
  throw new ApiError(response.status, message, Object.fromEntries(errors.map((e) => [e.field, e.message])));
}
