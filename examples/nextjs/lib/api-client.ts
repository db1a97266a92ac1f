/*
 * File 2 of 3 to copy into your own frontend: the tasks API in the browser.
 * (File 3 is api-schema.d.ts, its types, generated from the API's OpenAPI document.)
 *
 *     const api = tasksApi(session.user.id);
 *     const tasks = await api.list({ status: "pending", sort: "title" });
 *
 * Each call either returns the API's data or throws one of the two errors below.
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
// The API responds within 10 seconds, even if its database hangs.
const TIMEOUT_MS = 15_000;

/** The API refused the request or cannot be reached. The message is a sentence for the user. */
export class ApiError extends Error {
  constructor(
    /** The HTTP status, or 0 if there is no response. */
    readonly status: number,
    message: string,
    /** With a 422: the message for each invalid field. */
    readonly fields: Readonly<Record<string, string>> = {},
  ) {
    super(message);
  }
}

/** The session has ended or belongs to another user: show the sign-in page. */
export class SignedOutError extends Error {}

export type TasksApi = ReturnType<typeof tasksApi>;

/** Returns the API for the tasks of one user, who must be the signed-in user. */
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
    /** One page of a list that may grow, and the value of `after` for the next one, if there is one. */
    page: async (query: { limit: number; after?: string; status?: StatusFilter; sort?: SortOrder }) => {
      const answer = client.GET("/api/{user_id}/tasks", { params: { path: tasks, query } });
      const page = await result(answer);
      const next = /<(.*)>; rel="next"/.exec((await answer).response.headers.get("Link") ?? "");
      const after = next?.[1] && new URL(next[1], API_URL).searchParams.get("after");
      return { tasks: page, after: after || undefined };
    },
    create: (body: TaskCreate) => result(client.POST("/api/{user_id}/tasks", { params: { path: tasks }, body })),
    get: (id: number) => result(client.GET("/api/{user_id}/tasks/{task_id}", { params: { path: task(id) } })),
    /** Completes the task, or reopens it. This can be repeated if a response was lost. */
    complete: (id: number, completed: boolean) =>
      result(
        client.PATCH("/api/{user_id}/tasks/{task_id}/complete", {
          params: { path: task(id) },
          body: { completed },
        }),
      ),
    // The following do nothing (412) unless the task is unchanged since it was `seen`. They never
    // overwrite an unseen change, and can be repeated if a response was lost.
    /** Changes the given fields; the others stay. */
    update: (seen: Task, body: TaskUpdate) =>
      result(client.PUT("/api/{user_id}/tasks/{task_id}", { ...asSeen(seen), body })),
    delete: (seen: Task) => result(client.DELETE("/api/{user_id}/tasks/{task_id}", asSeen(seen))),
  };
}

// ---- The token ------------------------------------------------------------------------------

type Token = { value: string; userId: string; renewAt: number };

// In memory only: other scripts cannot read it from a storage, and it is lost with the page.
let held: Token | undefined;
let fetching: Promise<Token> | undefined;

async function tokenOf(userId: string): Promise<Token> {
  if (held?.userId !== userId || isDue(held)) {
    // All waiting calls share one request for a token.
    fetching ??= fetchToken().finally(() => (fetching = undefined));
    held = await fetching;
  }
  // Another user may have signed in in another tab: tabs share the session's cookie.
  if (held.userId !== userId) throw new SignedOutError("Another user has signed in");
  return held;
}

function isDue(token: Token): boolean {
  // A page that is being closed cannot wait for another token. This one is still valid for a moment.
  return Date.now() >= token.renewAt && document.visibilityState === "visible";
}

async function fetchToken(): Promise<Token> {
  const asked = Date.now();
  const response = await reach("/api/auth/token", { cache: "no-store" }, "The sign-in service");
  if (response.status === 401) throw new SignedOutError("The session has ended");
  if (!response.ok) throw new ApiError(response.status, "Your session could not be checked. Please try again.");
  const { token } = (await response.json()) as { token: string };
  const { sub = "", iat = 0, exp = 0 } = decodeJwt(token);
  // Measured from the time of the request, because the computer's clock may be wrong. The token is
  // renewed early, so that it does not expire before it reaches the API.
  const lifetime = (exp - iat) * 1000;
  return { value: token, userId: sub, renewAt: asked + lifetime - Math.min(30_000, lifetime / 5) };
}

async function fetchWithToken(request: Request, userId: string): Promise<Response> {
  const retry = request.clone(); // a body can be read only once
  const first = await tokenOf(userId);
  const response = await send(request, first);
  if (response.status !== 401) return response;
  // The token has expired, or its key was removed: retry once with a new token. The request is not
  // executed twice, because the API checks the token first.
  if (held === first) held = undefined;
  return send(retry, await tokenOf(userId));
}

function send(request: Request, token: Token): Promise<Response> {
  request.headers.set("Authorization", `Bearer ${token.value}`);
  // A change is sent even if the page is closed in the same moment.
  return reach(request, { keepalive: request.method !== "GET" }, "The tasks service");
}

async function reach(request: RequestInfo, init: RequestInit, service: string): Promise<Response> {
  try {
    return await fetch(request, { ...init, signal: AbortSignal.timeout(TIMEOUT_MS) });
  } catch {
    throw new ApiError(0, `${service} cannot be reached. Check your connection and try again.`);
  }
}

// ---- The response ---------------------------------------------------------------------------

/** The API's own sentences name tokens here, which mean nothing to users; a 429 is a proxy's. */
const SENTENCES: Record<number, string> = {
  401: "The tasks service does not accept your sign-in. Please sign in again.",
  403: "These tasks belong to another user. Please sign in again.",
  429: "There were too many requests. Please wait a moment and try again.",
};

type Answer<T> = { data?: T; error?: unknown; response: Response };

async function result<T>(call: Promise<Answer<T>>): Promise<T> {
  const { data, error, response } = await call.catch((reason: unknown) => {
    if (reason instanceof ApiError || reason instanceof SignedOutError) throw reason;
    throw new ApiError(0, "The response of the tasks service cannot be read. Please try again.");
  });
  const { ok, status } = response;
  if (ok) return data as T;
  // The response may come from a proxy, whose errors have another form.
  const { detail, errors = [] } = (typeof error === "object" ? error : {}) as Partial<Schemas["ErrorResponse"]>;
  const message = typeof detail === "string" ? detail : `The tasks service failed (${status}). Please try again.`;
  const fields = Object.fromEntries(errors.map((e) => [e.field, e.message]));
  throw new ApiError(status, SENTENCES[status] ?? message, fields);
}
