import type { SortOrder, StatusFilter } from "./api-client";

/** Which tasks are shown, and in which order. The page's URL stores it. */
export type View = { status: StatusFilter; sort: SortOrder };

export const STATUS_LABELS: Record<StatusFilter, string> = {
  all: "All",
  pending: "Pending",
  completed: "Completed",
};
export const SORT_LABELS: Record<SortOrder, string> = { created: "Date added", title: "Title" };

export function parseView(query: Record<string, string | string[] | undefined>): View {
  return {
    status: known(STATUS_LABELS, query.status) ?? "all",
    sort: known(SORT_LABELS, query.sort) ?? "created",
  };
}

export function viewAddress({ status, sort }: View): string {
  const query = new URLSearchParams();
  if (status !== "all") query.set("status", status);
  if (sort !== "created") query.set("sort", sort);
  return query.size > 0 ? `/?${query}` : "/";
}

function known<Choice extends string>(labels: Record<Choice, string>, value: unknown): Choice | undefined {
  return (Object.keys(labels) as Choice[]).find((choice) => choice === value);
}
