import { useCallback, useEffect, useMemo, useRef, useState } from "react";
import { ApiError, SignedOutError, tasksApi, type SortOrder, type Task, type TasksApi } from "@/lib/api-client";
import { idsOf, type List, type Lists } from "@/lib/task-lists";

const POLL_MS = 30_000;
const PAGE = 100;
/** The most tasks that the API returns at once. */
const PAGE_MAX = 1000;

type Paged = "pending" | "completed";
type Loaded = { sort: SortOrder; lists: Lists };
/** What the lists will be if the API agrees. */
type Guess = (lists: Lists) => Lists;

/**
 * Shows `guess` at once and does `work`. Then shows `settle`, or, if the API refuses, the lists as
 * they were, and throws ApiError.
 */
export type Change = <Result>(
  guess: Guess,
  work: (api: TasksApi) => Promise<Result>,
  settle: (lists: Lists, result: Result) => Lists,
) => Promise<Result>;

/** Returns the loaded part of the user's tasks and keeps it up to date. */
export function useTasks(userId: string, sort: SortOrder) {
  const api = useMemo(() => tasksApi(userId), [userId]);
  const [loaded, setLoaded] = useState<Loaded>();
  // The same, for work that goes on between two renderings.
  const current = useRef<Loaded>(undefined);
  const [guesses, setGuesses] = useState<Guess[]>([]);
  const [problem, setProblem] = useState<ApiError>();
  const sizes = useRef({ pending: PAGE, completed: PAGE });
  const turn = useRef(0);

  const set = useCallback((next: Loaded | undefined) => {
    current.current = next;
    setLoaded(next);
  }, []);

  /** Does `work` and returns true, unless it fails or a later request has started meanwhile. */
  const latest = useCallback(async (work: () => Promise<(now?: Loaded) => Loaded>): Promise<boolean> => {
    const mine = ++turn.current;
    try {
      const next = await orSignIn(work());
      if (mine !== turn.current) return false;
      set(next(current.current));
      setProblem(undefined);
      return true;
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      if (mine === turn.current) setProblem(error);
      return false;
    }
  }, [set]);

  const reload = useCallback(
    () =>
      latest(async () => {
        const added = current.current?.lists.added.tasks ?? [];
        const [pending, completed, again] = await Promise.all([
          beginning(api, "pending", sort, sizes.current.pending),
          beginning(api, "completed", sort, sizes.current.completed),
          Promise.all(added.map((task) => api.get(task.id).catch(gone))),
        ]);
        const known = idsOf({ added: { tasks: [] }, pending, completed });
        const tasks = again.filter((task) => task !== undefined && !task.completed && !known.has(task.id)) as Task[];
        return () => ({ sort, lists: { added: { tasks }, pending, completed } });
      }),
    [api, sort, latest],
  );

  const loadMore = useCallback(
    (name: Paged, after: string) => {
      // If a poll overtakes this request, it loads the further tasks, too.
      sizes.current[name] += PAGE;
      return latest(async () => {
        const page = await api.page({ status: name, sort, limit: PAGE, after });
        return (now) => appended(now!, name, page);
      });
    },
    [api, sort, latest],
  );

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

  const change: Change = async (guess, work, settle) => {
    // A function of its own for each change, even if two make the same guess.
    const mine: Guess = (lists) => guess(lists);
    setGuesses((others) => [...others, mine]);
    try {
      const result = await orSignIn(work(api));
      const now = current.current;
      set(now && { ...now, lists: settle(now.lists, result) });
      // The API decides which tasks are listed, and in which order.
      void reload();
      return result;
    } finally {
      setGuesses((others) => others.filter((other) => other !== mine));
    }
  };

  const lists = useMemo(
    () => loaded && guesses.reduce((shown, guess) => guess(shown), loaded.lists),
    [loaded, guesses],
  );
  return {
    lists,
    /** True until the tasks have been fetched in the order `sort`. */
    outdated: loaded?.sort !== sort,
    problem,
    reload,
    loadMore,
    change,
  };
}

/** Returns the first `size` tasks of a list, in as few requests as possible. */
async function beginning(api: TasksApi, status: Paged, sort: SortOrder, size: number): Promise<List> {
  const tasks: Task[] = [];
  let after: string | undefined;
  do {
    const page = await api.page({ status, sort, after, limit: Math.min(size - tasks.length, PAGE_MAX) });
    tasks.push(...page.tasks);
    after = page.after;
  } while (after && tasks.length < size);
  return { tasks, after };
}

function appended({ sort, lists }: Loaded, name: Paged, page: List): Loaded {
  const here = new Set(page.tasks.map(({ id }) => id));
  // A task that has moved while the pages were loaded is on its newer page only.
  const rest = (list: List) => list.tasks.filter(({ id }) => !here.has(id));
  return {
    sort,
    lists: {
      ...lists,
      added: { tasks: rest(lists.added) },
      [name]: { tasks: [...rest(lists[name]), ...page.tasks], after: page.after },
    },
  };
}

function gone(error: unknown): undefined {
  if (!(error instanceof ApiError && error.status === 404)) throw error;
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
