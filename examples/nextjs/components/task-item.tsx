"use client";

import { useEffect, useRef, useState, type KeyboardEvent } from "react";
import { Problem } from "@/components/problem";
import { TaskForm, type Draft } from "@/components/task-form";
import { ApiError, type Task } from "@/lib/api-client";

/** Each does nothing and returns false if the task has changed; after an error it can be called again. */
export type TaskActions = {
  edit: (task: Task, draft: Draft) => Promise<boolean>;
  complete: (task: Task, completed: boolean) => Promise<boolean>;
  remove: (task: Task) => Promise<boolean>;
};

type Mode = "shown" | "edited" | "to be deleted";

export function TaskItem({ task, actions }: { task: Task; actions: TaskActions }) {
  const [mode, setMode] = useState<Mode>("shown");
  // The task as it was when editing began; later updates do not replace it.
  const [seen, setSeen] = useState(task);
  // The text of an edit that was refused because the task had changed.
  const [kept, setKept] = useState<Draft>();
  // The state of the checkbox until the API responds.
  const [wanted, setWanted] = useState<boolean>();
  const [failed, setFailed] = useState<{ error: ApiError; retry: () => void }>();
  const editButton = useRef<HTMLButtonElement>(null);
  const deleteButton = useRef<HTMLButtonElement>(null);
  const keepButton = useRef<HTMLButtonElement>(null);
  const returnTo = useRef<typeof editButton>(null);

  // A change of mode removes the focused element: focus the one that is used next.
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
          label={`Edit ${seen.title}`}
          submit="Save"
          initial={kept ?? seen}
          onSubmit={async (draft) => {
            const saved = await actions.edit(seen, draft);
            setKept(saved ? undefined : draft);
            setMode("shown");
          }}
          onCancel={() => {
            setKept(undefined);
            setMode("shown");
          }}
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
          {kept && <p className="meta">Your text is kept. Click Edit to continue.</p>}
        </div>
        {mode === "shown" && (
          <div className="actions">
            <button
              ref={editButton}
              className="button quiet"
              type="button"
              aria-label={`Edit ${task.title}`}
              onClick={() => {
                setSeen(task);
                open("edited", editButton);
              }}
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
          <p>Delete this task? This cannot be undone.</p>
          <div className="actions">
            {/* This button has the focus, so that a second Enter does not delete the task. */}
            <button ref={keepButton} className="button" type="button" onClick={() => setMode("shown")}>
              Keep it
            </button>
            <button
              className="button danger"
              type="button"
              onClick={() =>
                void attempt(async () => {
                  await actions.remove(task);
                  setMode("shown");
                })
              }
            >
              Delete permanently
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
