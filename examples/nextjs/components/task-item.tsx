"use client";

import { useEffect, useRef, useState, type KeyboardEvent } from "react";
import { Problem } from "@/components/problem";
import { TaskForm, type Draft } from "@/components/task-form";
import { ApiError, type Task } from "@/lib/api-client";

export type TaskActions = {
  edit: (task: Task, draft: Draft) => Promise<void>;
  /** Completes or reopens; may be called again after a failure. */
  complete: (task: Task, completed: boolean) => Promise<void>;
  remove: (task: Task) => Promise<void>;
};

type Mode = "shown" | "edited" | "to be deleted";

export function TaskItem({ task, actions }: { task: Task; actions: TaskActions }) {
  const [mode, setMode] = useState<Mode>("shown");
  // What the person wants while the API has not said yes yet.
  const [wanted, setWanted] = useState<boolean>();
  const [failed, setFailed] = useState<{ error: ApiError; retry: () => void }>();
  const editButton = useRef<HTMLButtonElement>(null);
  const deleteButton = useRef<HTMLButtonElement>(null);
  const keepButton = useRef<HTMLButtonElement>(null);
  const returnTo = useRef<typeof editButton>(null);

  // What had the focus is gone after each change of mode: put it where the person goes on.
  useEffect(() => {
    if (mode === "to be deleted") keepButton.current?.focus();
    if (mode === "shown") returnTo.current?.current?.focus();
  }, [mode]);

  function open(next: Mode, from: typeof editButton) {
    returnTo.current = from;
    setFailed(undefined);
    setMode(next);
  }

  async function attempt(work: () => Promise<void>) {
    setFailed(undefined);
    try {
      await work();
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      setFailed({ error, retry: () => void attempt(work) });
    }
  }

  async function complete(completed: boolean) {
    if (wanted !== undefined) return;
    await attempt(async () => {
      setWanted(completed);
      try {
        await actions.complete(task, completed);
      } finally {
        setWanted(undefined);
      }
    });
  }

  if (mode === "edited") {
    return (
      <li className="task">
        <TaskForm
          label={`Edit ${task.title}`}
          submit="Save"
          initial={task}
          onSubmit={async (draft) => {
            await actions.edit(task, draft);
            setMode("shown");
          }}
          onCancel={() => setMode("shown")}
        />
      </li>
    );
  }

  const completed = wanted ?? task.completed;
  const keep = (event: KeyboardEvent) => event.key === "Escape" && setMode("shown");
  return (
    <li className={completed ? "task done" : "task"}>
      <div className="row">
        <input
          id={checkboxId(task)}
          type="checkbox"
          className="check"
          checked={completed}
          onChange={(event) => void complete(event.target.checked)}
        />
        <div className="text">
          <label htmlFor={checkboxId(task)} className="title">
            {task.title}
          </label>
          {task.description && <p className="description">{task.description}</p>}
          <p className="meta">
            Added <time dateTime={task.created_at}>{shortDate(task.created_at)}</time>
          </p>
        </div>
        {mode === "shown" && (
          <div className="actions">
            <button
              ref={editButton}
              className="button quiet"
              type="button"
              aria-label={`Edit ${task.title}`}
              onClick={() => open("edited", editButton)}
            >
              Edit
            </button>
            <button
              ref={deleteButton}
              className="button quiet"
              type="button"
              aria-label={`Delete ${task.title}`}
              onClick={() => open("to be deleted", deleteButton)}
            >
              Delete
            </button>
          </div>
        )}
      </div>
      {mode === "to be deleted" && (
        <div className="confirm" role="group" aria-label={`Delete ${task.title}?`} onKeyDown={keep}>
          <p>Delete this task? It cannot be brought back.</p>
          <div className="actions">
            {/* The harmless answer has the focus, so that a second Enter deletes nothing. */}
            <button ref={keepButton} className="button" type="button" onClick={() => setMode("shown")}>
              Keep it
            </button>
            <button
              className="button danger"
              type="button"
              onClick={() => void attempt(() => actions.remove(task))}
            >
              Delete for good
            </button>
          </div>
        </div>
      )}
      {failed && <Problem error={failed.error} onRetry={failed.retry} />}
    </li>
  );
}

export function checkboxId(task: Task): string {
  return `task-${task.id}`;
}

function shortDate(timestamp: string): string {
  const date = new Date(timestamp);
  const thisYear = date.getFullYear() === new Date().getFullYear();
  return date.toLocaleDateString(undefined, {
    day: "numeric",
    month: "short",
    year: thisYear ? undefined : "numeric",
  });
}
