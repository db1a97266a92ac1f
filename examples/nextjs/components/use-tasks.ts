import { useCallback, useEffect, useMemo, useRef, useState } from "react";
import { ApiError, SignedOutError, tasksApi, type Task, type TasksApi } from "@/lib/api-client";
import type { View } from "@/lib/view";

const POLL_MS = 30_000;

/** Does `work`, then shows its result in the list and returns it. Throws ApiError. */
export type Change = <Result>(
  work: (api: TasksApi) => Promise<Result>,
  apply: (tasks: Task[], result: Result) => Task[],
) => Promise<Result>;

/** Returns the list that `view` selects and keeps it up to date. */
export function useTasks(userId: string, view: View) {
  const api = useMemo(() => tasksApi(userId), [userId]);
  const [shown, setShown] = useState<{ view: View; tasks: Task[] }>();
  const [problem, setProblem] = useState<ApiError>();
  const turn = useRef(0);

  const reload = useCallback(async (): Promise<boolean> => {
    const mine = ++turn.current;
    try {
      const tasks = await orSignIn(api.list(view));
      // Ignore all but the latest request: an earlier one may be answered later.
      if (mine !== turn.current) return false;
      setShown({ view, tasks });
      setProblem(undefined);
      return true;
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      if (mine === turn.current) setProblem(error);
      return false;
    }
  }, [api, view]);

  useEffect(() => {
    void reload();
    // Another window or device may have changed the tasks. If not, the poll is cheap: the browser
    // sends the tag of its copy, and the API responds with 304.
    const poll = () => document.visibilityState === "visible" && void reload();
    const timer = setInterval(poll, POLL_MS);
    document.addEventListener("visibilitychange", poll);
    return () => {
      clearInterval(timer);
      document.removeEventListener("visibilitychange", poll);
    };
  }, [reload]);

  const change: Change = async (work, apply) => {
    const result = await orSignIn(work(api));
    setShown((now) => now && { ...now, tasks: apply(now.tasks, result) });
    // The API decides which tasks are listed, and in which order.
    void reload();
    return result;
  };

  return {
    tasks: shown?.tasks,
    /** True until the tasks of `view` have been fetched. */
    outdated: shown?.view !== view,
    problem,
    reload,
    change,
  };
}

/** Returns the result of `call`. If the session has ended, opens the sign-in page and never resolves. */
async function orSignIn<Result>(call: Promise<Result>): Promise<Result> {
  try {
    return await call;
  } catch (error) {
    if (!(error instanceof SignedOutError)) throw error;
    location.assign("/sign-in?ended");
    return new Promise<never>(() => {});
  }
}
