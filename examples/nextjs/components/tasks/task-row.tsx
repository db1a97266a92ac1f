import { useEffect, useRef, useState } from "react";
import { Icon } from "@/components/icon";
import { Problem } from "@/components/problem";
import { TaskEditor } from "@/components/tasks/task-editor";
import type { TaskActions } from "@/components/tasks/use-task-actions";
import { checkboxId } from "@/components/tasks/use-next-focus";
import type { Task } from "@/lib/api-client";

export type RowProps = {
  task: Task;
  actions: TaskActions;
  /** The date, if it says something here. */
  date?: string;
  /** True for the task that was added last. */
  fresh: boolean;
  /** True for a completed task among the pending ones, until its animation is over. */
  leaving: boolean;
};

export function TaskRow({ task, actions, date, fresh, leaving }: RowProps) {
  // The task as it was when editing began; later updates do not replace it.
  const [edited, setEdited] = useState<Task>();
  const [unfolded, setUnfolded] = useState(false);
  const row = useRef<HTMLLIElement>(null);
  const check = useRef<HTMLInputElement>(null);
  const failure = actions.failures[task.id];
  // An edit that the API refused opens again, but not over a change that the user has not seen.
  const refused = failure?.edit && failure.error;
  const seen = edited ?? (refused && failure.edit?.seen);
  const editing = seen !== undefined;
  const wasEditing = useRef(editing);

  useEffect(() => {
    if (wasEditing.current && !editing) check.current?.focus({ preventScroll: true });
    wasEditing.current = editing;
  }, [editing]);

  useEffect(() => {
    if (fresh) row.current?.scrollIntoView({ block: "nearest" });
  }, [fresh]);

  function close() {
    setEdited(undefined);
    actions.dismiss(task);
  }

  if (seen) {
    return (
      <li className="task">
        <TaskEditor
          key={refused ? "again" : "first"}
          title={seen.title}
          initial={failure?.edit?.draft ?? seen}
          error={refused}
          onSave={(draft) => {
            setEdited(undefined);
            void actions.edit(seen, draft);
          }}
          onCancel={close}
        />
      </li>
    );
  }

  const state = [task.completed && "done", leaving && "leaving", fresh && "fresh"].filter(Boolean).join(" ");
  const menu = `actions-${task.id}`;
  return (
    <li ref={row} className={`task ${state}`}>
      <input
        ref={check}
        id={checkboxId(task.id)}
        type="checkbox"
        className="check"
        aria-keyshortcuts="x"
        checked={task.completed}
        onChange={(event) => !leaving && void actions.complete(task, event.target.checked)}
      />
      <div className="text">
        <label htmlFor={checkboxId(task.id)} className="title" dir="auto">
          {task.title}
        </label>
        {task.description && (
          <button
            className="description"
            type="button"
            dir="auto"
            aria-expanded={unfolded}
            onClick={() => setUnfolded(!unfolded)}
          >
            {task.description}
          </button>
        )}
        {failure?.edit && <p className="kept">Your text is kept. Choose Edit to continue.</p>}
      </div>
      {date && (
        <time className="date" dateTime={task.created_at}>
          {date}
        </time>
      )}
      <button className="more" type="button" popoverTarget={menu} aria-label={`Actions for ${task.title}`}>
        <Icon name="more" />
      </button>
      {/* A menu on touch screens. Where the pointer can hover, the style sheet shows it in the row. */}
      <div className="row-actions" id={menu} popover="auto">
        <p aria-hidden="true" dir="auto">
          {task.title}
        </p>
        <button type="button" aria-label={`Edit ${task.title}`} aria-keyshortcuts="e" onClick={() => setEdited(task)}>
          <Icon name="edit" />
          <span>Edit</span>
        </button>
        <button
          type="button"
          aria-label={`Delete ${task.title}`}
          aria-keyshortcuts="Delete Backspace"
          onClick={() => void actions.remove(task)}
        >
          <Icon name="delete" />
          <span>Delete</span>
        </button>
      </div>
      {failure?.error && <Problem error={failure.error} onRetry={failure.retry} />}
    </li>
  );
}
