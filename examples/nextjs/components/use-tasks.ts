import { useCallback, useEffect, useMemo, useRef, useState } from "react";
import { ApiError, SignedOutError, tasksApi, type Task, type TasksApi } from "@/lib/api-client";
import type { View } from "@/lib/view";

const POLL_MS = 30_000;

/** Does `work`, then shows its result in the list. Throws ApiError. */
export type Change = <Result>(
  work: (api: TasksApi) => Promise<Result>,
  apply: (tasks: Task[], result: Result) => Task[],
) => Promise<Result>;

/** The list that `view` asks for, kept up to date. */
export function useTasks(userId: string, view: View) {
  const api = useMemo(() => tasksApi(userId), [userId]);
  const [shown, setShown] = useState<{ view: View; tasks: Task[] }>();
  const [problem, setProblem] = useState<ApiError>();
  const turn = useRef(0);

  const reload = useCallback(async (): Promise<boolean> => {
    const mine = ++turn.current;
    try {
      const tasks = await orSignIn(api.list(view));
      // Only the latest answer counts: an earlier question may be answered later.
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
    // Another window, or another device, may have changed something meanwhile. If not, this costs
    // next to nothing: the browser asks with the tag of what it has, and the API answers 304.
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
    // The API decides what is listed and in which order.
    void reload();
    return result;
  };

  return {
    tasks: shown?.tasks,
    /** The tasks are not those of `view` yet. */
    outdated: shown?.view !== view,
    problem,
    reload,
    change,
  };
}

/** Leaves for the sign-in page when the session is over; nothing comes after that. */
async function orSignIn<Result>(call: Promise<Result>): Promise<Result> {
  try {
    return await call;
  } catch (error) {
    if (!(error instanceof SignedOutError)) throw error;
    location.assign("/sign-in?ended");
    return new Promise<never>(() => {});
  }
}
