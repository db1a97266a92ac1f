import { useEffect, useRef } from "react";
import { TaskRow } from "@/components/tasks/task-row";
import type { TaskActions } from "@/components/tasks/use-task-actions";
import type { SortOrder } from "@/lib/api-client";
import { dayOf, today } from "@/lib/dates";
import type { List } from "@/lib/task-lists";

type Props = {
  label: string;
  list: List;
  completed: boolean;
  sort: SortOrder;
  actions: TaskActions;
  busy: boolean;
  freshId?: number;
  onEnd?: (after: string) => void;
};

export function TaskList({ label, list, completed, sort, actions, busy, freshId, onEnd }: Props) {
  // Today's date says nothing, and in the order of dates neither does that of the row above.
  let above = today();
  return (
    <>
      <ul className="tasks" aria-label={label} aria-busy={busy}>
        {list.tasks.map((task) => {
          const day = dayOf(task.created_at);
          const date = day === above ? undefined : day;
          if (sort === "created") above = day;
          return (
            <TaskRow
              key={task.id}
              task={task}
              actions={actions}
              date={date}
              fresh={task.id === freshId}
              leaving={task.completed !== completed}
            />
          );
        })}
      </ul>
      {list.after && onEnd && <NextPage key={list.after} onReach={() => onEnd(list.after!)} />}
    </>
  );
}

/** Stands for the tasks that follow; calls `onReach` when they are nearly on the screen. */
function NextPage({ onReach }: { onReach: () => void }) {
  const place = useRef<HTMLDivElement>(null);
  const reach = useRef(onReach);

  useEffect(() => {
    const observer = new IntersectionObserver(
      (entries) => {
        if (!entries.some((entry) => entry.isIntersecting)) return;
        observer.disconnect();
        reach.current();
      },
      { rootMargin: "600px" },
    );
    observer.observe(place.current!);
    return () => observer.disconnect();
  }, []);

  return (
    <div ref={place}>
      <Skeleton rows={3} label="Loading more tasks" />
    </div>
  );
}

/** Rows of the size that tasks will have. */
export function Skeleton({ rows, label }: { rows: number; label: string }) {
  return (
    <div className="skeleton">
      <span className="visually-hidden">{label}</span>
      {Array.from({ length: rows }, (_, row) => (
        <div key={row} className="task" aria-hidden="true">
          <i className="check" />
          <i className="words" />
        </div>
      ))}
    </div>
  );
}
