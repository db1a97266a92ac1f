"use client";

import { useEffect, useState } from "react";
import { Problem } from "@/components/problem";
import { Empty } from "@/components/tasks/empty";
import { NewTask } from "@/components/tasks/new-task";
import { Skeleton, TaskList } from "@/components/tasks/task-list";
import { ToastArea } from "@/components/tasks/toast-area";
import { Toolbar, written } from "@/components/tasks/toolbar";
import { useNextFocus } from "@/components/tasks/use-next-focus";
import { useShortcuts } from "@/components/tasks/use-shortcuts";
import { useTaskActions } from "@/components/tasks/use-task-actions";
import { useTasks } from "@/components/tasks/use-tasks";
import { useToast } from "@/components/tasks/use-toast";
import type { Draft } from "@/lib/draft";
import { counted } from "@/lib/task-lists";
import { viewAddress, type View } from "@/lib/view";

/** As long as the animation of a new row (.fresh in tasks.css). */
const FRESH_MS = 2_500;

type Props = { userId: string; initialView: View };

export function TaskBoard({ userId, initialView }: Props) {
  const [view, setView] = useState(initialView);
  const [unfolded, setUnfolded] = useState(false);
  const [announcement, announce] = useState("");
  const [freshId, setFreshId] = useState<number>();
  const { sort } = view;
  const { lists, outdated, problem, reload, loadMore, change } = useTasks(userId, sort);
  const { toast, show, close, undo } = useToast();
  const focusOn = useNextFocus(lists);
  const actions = useTaskActions({ change, reload, sort, show, announce, focusOn });
  useShortcuts();

  useEffect(() => {
    // A row that appears again later is not new any more.
    const timer = setTimeout(() => setFreshId(undefined), FRESH_MS);
    return () => clearTimeout(timer);
  }, [freshId]);

  function changeView(part: Partial<View>) {
    const next = { ...view, ...part };
    setView(next);
    // Reloading the page, or returning to it, shows the same list.
    window.history.replaceState(null, "", viewAddress(next));
  }

  async function add(draft: Draft) {
    const task = await actions.add(draft);
    // A new task is pending: show it.
    if (view.status === "completed") changeView({ status: "all" });
    setFreshId(task.id);
  }

  const counts = lists && counted(lists);
  const shown = problem && outdated ? undefined : lists;
  const all = view.status === "all";
  const common = { sort, actions, freshId, busy: outdated };
  const ends = (name: "pending" | "completed") =>
    outdated ? undefined : (after: string) => void loadMore(name, after);
  return (
    <>
      <NewTask onAdd={add} />
      <Toolbar view={view} counts={counts} onChange={changeView} />
      {problem && <Problem error={problem} onRetry={reload} />}
      {!shown && !problem && <Skeleton rows={6} label="Loading your tasks" />}
      {shown && view.status !== "completed" && (
        <>
          {shown.added.tasks.length > 0 && (
            <TaskList {...common} label="Just added" list={shown.added} completed={false} />
          )}
          {shown.pending.tasks.length > 0 ? (
            <TaskList
              {...common}
              label="Pending tasks"
              list={shown.pending}
              completed={false}
              onEnd={ends("pending")}
            />
          ) : (
            <Empty kind={all && shown.completed.tasks.length === 0 ? "all" : "pending"} />
          )}
        </>
      )}
      {shown && counts && all && shown.completed.tasks.length > 0 && (
        <button
          className="button quiet fold"
          type="button"
          aria-expanded={unfolded}
          onClick={() => setUnfolded(!unfolded)}
        >
          {written(counts.completed)} completed
        </button>
      )}
      {shown && (all ? unfolded : view.status === "completed") && shown.completed.tasks.length > 0 && (
        <TaskList
          {...common}
          label="Completed tasks"
          list={shown.completed}
          completed
          onEnd={ends("completed")}
        />
      )}
      {shown && view.status === "completed" && shown.completed.tasks.length === 0 && <Empty kind="completed" />}
      <ToastArea toast={toast} onUndo={undo} onClose={close} />
      <p className="visually-hidden" role="status">
        {announcement}
      </p>
    </>
  );
}
