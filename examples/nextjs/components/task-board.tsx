"use client";

import { useEffect, useRef, useState } from "react";
import { Problem } from "@/components/problem";
import { TaskForm, type Draft } from "@/components/task-form";
import { checkboxId, TaskItem, type TaskActions } from "@/components/task-item";
import { useTasks } from "@/components/use-tasks";
import { ApiError, type SortOrder, type StatusFilter, type Task, type TasksApi } from "@/lib/api-client";
import { SORT_LABELS, STATUS_LABELS, viewAddress, type View } from "@/lib/view";

type Props = { userId: string; initialView: View };

/** The notice for each status that the API returns if a task differs from the one shown. */
const NOTICES: Record<number, string> = {
  404: "no longer exists: it was deleted in another window.",
  412: "was changed elsewhere, so nothing was done. The list is now up to date.",
};

export function TaskBoard({ userId, initialView }: Props) {
  const [view, setView] = useState(initialView);
  const { tasks, outdated, problem, reload, change } = useTasks(userId, view);
  const [announcement, announce] = useState("");
  const [notice, setNotice] = useState("");
  const heading = useRef<HTMLHeadingElement>(null);
  const focusNext = useRef<string>(null);

  function changeView(part: Partial<View>) {
    const next = { ...view, ...part };
    setView(next);
    // Reloading the page, or returning to it, shows the same list.
    window.history.replaceState(null, "", viewAddress(next));
  }

  // If the focused task leaves the list, the next task gets the focus.
  useEffect(() => {
    if (focusNext.current === null) return;
    const lost = document.activeElement === null || document.activeElement === document.body;
    if (lost) (document.getElementById(focusNext.current) ?? heading.current)?.focus();
    focusNext.current = null;
  }, [tasks]);

  function without(list: Task[], removed: Task): Task[] {
    const index = list.findIndex((task) => task.id === removed.id);
    const neighbour = list[index + 1] ?? list[index - 1];
    focusNext.current = neighbour ? checkboxId(neighbour) : "";
    return list.filter((task) => task.id !== removed.id);
  }

  function replaced(list: Task[], changed: Task): Task[] {
    const belongs = view.status === "all" || (view.status === "completed") === changed.completed;
    if (!belongs) return without(list, changed);
    return list.map((task) => (task.id === changed.id ? changed : task));
  }

  /** Does `work` and returns true. If `task` was deleted or changed, shows a notice and returns false. */
  async function unlessOutdated(task: Task, work: () => Promise<void>): Promise<boolean> {
    setNotice("");
    try {
      await work();
      return true;
    } catch (error) {
      const explanation = error instanceof ApiError && NOTICES[error.status];
      if (!explanation) throw error;
      setNotice(`“${task.title}” ${explanation}`);
      focusNext.current = checkboxId(task);
      await reload();
      return false;
    }
  }

  /** Changes `task` by `work`. */
  function changeOne(task: Task, work: (api: TasksApi) => Promise<Task>, done: string): Promise<boolean> {
    return unlessOutdated(task, async () => {
      const changed = await change(work, replaced);
      announce(`${done} ${changed.title}`);
    });
  }

  async function edited(api: TasksApi, task: Task, draft: Draft): Promise<Task> {
    try {
      return await api.update(task, draft);
    } catch (error) {
      if (!(error instanceof ApiError && error.status === 412)) throw error;
      // An earlier attempt, whose response was lost, may have made this change.
      const now = await api.get(task.id);
      if (now.title === draft.title && now.description === draft.description) return now;
      throw error;
    }
  }

  async function add(draft: Draft) {
    setNotice("");
    const task = await change((api) => api.create(draft), (list, created) =>
      view.status === "completed" ? list : [...list, created],
    );
    announce(`Added ${task.title}`);
  }

  const actions: TaskActions = {
    edit: (task, draft) => changeOne(task, (api) => edited(api, task, draft), "Saved"),
    // Sets the state that was chosen, whatever else of the task has changed.
    complete: (task, completed) =>
      changeOne(task, (api) => api.complete(task.id, completed), completed ? "Completed" : "Reopened"),
    remove: (task) =>
      unlessOutdated(task, async () => {
        await change(async (api) => {
          try {
            await api.delete(task);
          } catch (error) {
            // Already deleted, in another window or by an attempt whose response was lost.
            if (!(error instanceof ApiError && error.status === 404)) throw error;
          }
        }, (list) => without(list, task));
        announce(`Deleted ${task.title}`);
      }),
  };

  async function retry() {
    if (await reload()) heading.current?.focus();
  }

  const list = problem && outdated ? undefined : tasks;
  return (
    <>
      <h1 ref={heading} tabIndex={-1}>
        Your tasks
      </h1>
      <TaskForm label="Add a task" submit="Add" compact onSubmit={add} />
      <div className="toolbar">
        <fieldset className="filter">
          <legend className="visually-hidden">Show</legend>
          {(Object.keys(STATUS_LABELS) as StatusFilter[]).map((status) => (
            <label key={status}>
              <input
                type="radio"
                name="status"
                checked={view.status === status}
                onChange={() => changeView({ status })}
              />
              <span>{STATUS_LABELS[status]}</span>
            </label>
          ))}
        </fieldset>
        <div className="sort">
          <label htmlFor="sort">Sort by</label>
          <select
            id="sort"
            value={view.sort}
            onChange={(event) => changeView({ sort: event.target.value as SortOrder })}
          >
            {(Object.keys(SORT_LABELS) as SortOrder[]).map((sort) => (
              <option key={sort} value={sort}>
                {SORT_LABELS[sort]}
              </option>
            ))}
          </select>
        </div>
      </div>
      {notice && (
        <p className="hint" role="status">
          {notice}
        </p>
      )}
      {problem && <Problem error={problem} onRetry={() => void retry()} />}
      {!list && !problem && <Skeleton />}
      {list?.length === 0 && <Empty status={view.status} />}
      {list && list.length > 0 && (
        <ul className="tasks" aria-label={`${STATUS_LABELS[view.status]} tasks`} aria-busy={outdated}>
          {list.map((task) => (
            <TaskItem key={task.id} task={task} actions={actions} />
          ))}
        </ul>
      )}
      <p className="visually-hidden" role="status">
        {announcement}
      </p>
    </>
  );
}

function Skeleton() {
  return (
    <div className="skeleton" role="status">
      <span className="visually-hidden">Loading your tasks</span>
      <i />
      <i />
      <i />
    </div>
  );
}

const EMPTY: Record<StatusFilter, [string, string]> = {
  all: ["Nothing to do yet", "Add your first task above."],
  pending: ["All done", "There is no pending task."],
  completed: ["Nothing completed yet", "Completed tasks appear here."],
};

function Empty({ status }: { status: StatusFilter }) {
  const [headline, hint] = EMPTY[status];
  return (
    <div className="empty">
      <p className="headline">{headline}</p>
      <p>{hint}</p>
    </div>
  );
}
