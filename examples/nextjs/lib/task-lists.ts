import type { SortOrder, Task } from "./api-client";

/** The beginning of a list. If more tasks follow, `after` says where the next page begins. */
export type List = { tasks: Task[]; after?: string };

/**
 * The user's tasks, as far as they are loaded. `added` holds the tasks that were added on this page
 * and belong to a page of `pending` that is not loaded yet.
 */
export type Lists = Record<"added" | "pending" | "completed", List>;

/** `more` is true if the list is not loaded to its end: then `known` is the least there are. */
export type Count = { known: number; more: boolean };

export function idsOf(lists: Lists): Set<number> {
  return new Set([lists.added, lists.pending, lists.completed].flatMap(({ tasks }) => tasks.map(({ id }) => id)));
}

export function without(lists: Lists, id: number): Lists {
  return mapped(lists, (tasks) => tasks.filter((task) => task.id !== id));
}

/** Changes a task and leaves it where it is. */
export function changed(lists: Lists, task: Task): Lists {
  return mapped(lists, (tasks) => tasks.map((other) => (other.id === task.id ? task : other)));
}

/** Puts a task where it belongs. It vanishes if that place is not loaded yet. */
export function placed(lists: Lists, task: Task, sort: SortOrder): Lists {
  const rest = without(lists, task.id);
  const name = task.completed ? "completed" : "pending";
  const { tasks, after } = rest[name];
  const index = tasks.findIndex((other) => precedes(task, other, sort));
  if (index < 0 && after) return rest;
  return { ...rest, [name]: { after, tasks: tasks.toSpliced(index < 0 ? tasks.length : index, 0, task) } };
}

/** Adds a new task, in any case so that it is shown. */
export function added(lists: Lists, task: Task, sort: SortOrder): Lists {
  const next = placed(lists, task, sort);
  if (idsOf(next).has(task.id)) return next;
  return { ...next, added: { tasks: [task, ...next.added.tasks] } };
}

/** A list is found by the state of its tasks, because a task may still stand where it was. */
export function counted(lists: Lists): Record<"all" | "pending" | "completed", Count> {
  const tasks = [lists.added, lists.pending, lists.completed].flatMap((list) => list.tasks);
  const completed = tasks.filter((task) => task.completed).length;
  const [morePending, moreCompleted] = [lists.pending.after !== undefined, lists.completed.after !== undefined];
  return {
    all: { known: tasks.length, more: morePending || moreCompleted },
    pending: { known: tasks.length - completed, more: morePending },
    completed: { known: completed, more: moreCompleted },
  };
}

function mapped(lists: Lists, change: (tasks: Task[]) => Task[]): Lists {
  const list = ({ tasks, after }: List): List => ({ tasks: change(tasks), after });
  return { added: list(lists.added), pending: list(lists.pending), completed: list(lists.completed) };
}

/** The API's order, nearly: what it says replaces this a moment later. */
function precedes(task: Task, other: Task, sort: SortOrder): boolean {
  const order =
    sort === "title"
      ? task.title.localeCompare(other.title, undefined, { sensitivity: "base" })
      : task.created_at.localeCompare(other.created_at);
  return (order || task.id - other.id) < 0;
}
