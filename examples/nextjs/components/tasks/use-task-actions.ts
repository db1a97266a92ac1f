import { useState } from "react";
import type { Change } from "@/components/tasks/use-tasks";
import type { Toast } from "@/components/tasks/use-toast";
import { ApiError, type SortOrder, type Task, type TasksApi } from "@/lib/api-client";
import type { Draft } from "@/lib/draft";
import { added, changed, placed, without } from "@/lib/task-lists";

/** Why the last change of a task failed. */
export type Failure = {
  error?: ApiError;
  retry?: () => Promise<void>;
  /** The text of an edit, and the task as it was when the edit began. */
  edit?: { seen: Task; draft: Draft };
};

/** The notice for each status that the API returns if a task differs from the one shown. */
const OUTDATED: Record<number, string> = {
  404: "no longer exists: it was deleted in another window.",
  412: "was changed elsewhere, so nothing was done. The list is now up to date.",
};

/** As long as the animation of a completed row (.leaving in tasks.css). */
const LEAVING_MS = 550;

type Tools = {
  change: Change;
  reload: () => Promise<boolean>;
  sort: SortOrder;
  show: (toast: Toast) => void;
  announce: (text: string) => void;
  focusOn: (id: number) => void;
};

/** Returns what the user can do with tasks. Changes of tasks are shown before the API confirms them. */
export function useTaskActions({ change, reload, sort, show, announce, focusOn }: Tools) {
  const [failures, setFailures] = useState<Record<number, Failure>>({});

  const fail = (task: Task, failure: Failure) => setFailures((others) => ({ ...others, [task.id]: failure }));
  const dismiss = (task: Task) => setFailures(({ [task.id]: _, ...others }) => others);

  /** Does `work`. If the API refuses, says so at the task, or in a toast if the task has changed. */
  async function attempt(task: Task, work: () => Promise<void>, edit?: Failure["edit"]): Promise<void> {
    dismiss(task);
    try {
      await work();
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      const explanation = OUTDATED[error.status];
      if (!explanation) {
        return fail(task, { error, edit, retry: edit ? undefined : () => attempt(task, work) });
      }
      show({ message: `“${task.title}” ${explanation}` });
      await reload();
      if (edit && error.status === 412) fail(task, { edit });
    }
  }

  /** Not shown before the API confirms it: the text stays in the form, where it can be corrected. */
  async function add(draft: Draft): Promise<Task> {
    const task = await change(
      (lists) => lists,
      (api) => api.create(draft),
      (lists, created) => added(lists, created, sort),
    );
    announce(`Added ${task.title}`);
    return task;
  }

  const edit = (seen: Task, draft: Draft) =>
    attempt(
      seen,
      async () => {
        const task = await change(
          (lists) => changed(lists, { ...seen, ...draft }),
          (api) => updated(api, seen, draft),
          (lists, result) => changed(lists, result),
        );
        announce(`Saved ${task.title}`);
      },
      { seen, draft },
    );

  /** Sets the state that the user chose. Other changes of the task do not prevent it. */
  const complete = (task: Task, completed: boolean): Promise<void> =>
    attempt(task, async () => {
      const result = await change(
        // A completed task stays until its animation is over.
        (lists) => (completed ? changed : placed)(lists, { ...task, completed }, sort),
        async (api) => (await Promise.all([api.complete(task.id, completed), completed && leaving()]))[0],
        (lists, now) => placed(lists, now, sort),
      );
      show({
        message: `${completed ? "Completed" : "Reopened"} ${result.title}`,
        undo: () => {
          focusOn(task.id);
          void complete(result, !completed);
        },
      });
    });

  /**
   * Hides the task, and deletes it once the toast is over or the page is hidden. The API deletes for
   * good: a task that is created again would have another id, date and place. If the browser
   * crashes in between, the task is still there.
   */
  const remove = (task: Task): Promise<void> =>
    attempt(task, async () => {
      const decision = new Promise<boolean>((decide) =>
        show({
          message: `Deleted ${task.title}`,
          undo: () => {
            focusOn(task.id);
            decide(false);
          },
          over: () => decide(true),
        }),
      );
      await change(
        (lists) => without(lists, task.id),
        async (api) => {
          const decided = await decision;
          if (decided) await deleted(api, task);
          return decided;
        },
        (lists, decided) => (decided ? without(lists, task.id) : lists),
      );
    });

  return { add, edit, complete, remove, dismiss, failures };
}

export type TaskActions = ReturnType<typeof useTaskActions>;

async function updated(api: TasksApi, seen: Task, draft: Draft): Promise<Task> {
  try {
    return await api.update(seen, draft);
  } catch (error) {
    if (!(error instanceof ApiError && error.status === 412)) throw error;
    // An earlier attempt, whose response was lost, may have made this change.
    const now = await api.get(seen.id);
    if (now.title === draft.title && now.description === draft.description) return now;
    throw error;
  }
}

async function deleted(api: TasksApi, task: Task): Promise<void> {
  try {
    await api.delete(task);
  } catch (error) {
    // Already deleted, in another window or by an attempt whose response was lost.
    if (!(error instanceof ApiError && error.status === 404)) throw error;
  }
}

function leaving(): Promise<void> {
  const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
  return new Promise((resolve) => setTimeout(resolve, still ? 0 : LEAVING_MS));
}
