import { useCallback, useEffect, useRef } from "react";

/** The checkbox of a task; it takes the focus for its row. */
export const checkboxId = (id: number) => `task-${id}`;
export const NEW_TASK_ID = "new-task";

/**
 * When a focused row leaves the page, moves the focus to the row that takes its place. Returns a
 * function that moves it to a task that is about to come back.
 */
export function useNextFocus(shown: unknown): (id: number) => void {
  const last = useRef({ id: "", index: 0 });
  const expected = useRef("");

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
    const back = expected.current && document.getElementById(expected.current);
    if (back) {
      expected.current = "";
      return back.focus({ preventScroll: true });
    }
    const { id, index } = last.current;
    if (!id || document.getElementById(id) || document.activeElement !== document.body) return;
    const rows = document.querySelectorAll<HTMLElement>(".task .check");
    const next = rows[Math.min(index, rows.length - 1)] ?? document.getElementById(NEW_TASK_ID);
    next?.focus({ preventScroll: true });
  }, [shown]);

  return useCallback((id: number) => {
    expected.current = checkboxId(id);
  }, []);
}
