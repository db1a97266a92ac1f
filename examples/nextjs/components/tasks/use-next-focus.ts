import { useEffect, useRef } from "react";

/** The checkbox of a task; it takes the focus for its row. */
export const checkboxId = (id: number) => `task-${id}`;
export const NEW_TASK_ID = "new-task";

/** When a focused row leaves the page, moves the focus to the row that takes its place. */
export function useNextFocus(shown: unknown): void {
  const last = useRef({ id: "", index: 0 });

  useEffect(() => {
    const onFocus = ({ target }: FocusEvent) => {
      const row = target instanceof Element ? target.closest(".task") : null;
      const index = row ? [...document.querySelectorAll(".task")].indexOf(row) : 0;
      last.current = { id: row?.querySelector(".check")?.id ?? "", index };
    };
    document.addEventListener("focusin", onFocus);
    return () => document.removeEventListener("focusin", onFocus);
  }, []);

  useEffect(() => {
    const { id, index } = last.current;
    if (!id || document.getElementById(id) || document.activeElement !== document.body) return;
    const rows = document.querySelectorAll<HTMLElement>(".task .check");
    const next = rows[Math.min(index, rows.length - 1)] ?? document.getElementById(NEW_TASK_ID);
    next?.focus({ preventScroll: true });
  }, [shown]);
}
