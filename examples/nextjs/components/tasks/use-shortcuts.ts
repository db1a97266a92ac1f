import { useEffect } from "react";
import { NEW_TASK_ID } from "@/components/tasks/use-next-focus";

/** The keys of the help dialog. A control names its keys in `aria-keyshortcuts`, and that is all it needs. */
export const SHORTCUTS: [keys: string[], what: string][] = [
  [["n"], "Write a new task"],
  [["Esc"], "Leave a field"],
  [["↑", "↓"], "Go to the previous or next task"],
  [["x"], "Complete or reopen the task"],
  [["e"], "Edit the task"],
  [["Del"], "Delete the task"],
  [["z"], "Undo, while it is offered"],
  [["/"], "Choose which tasks are shown"],
  [["?"], "Show this help"],
];

export function useShortcuts(): void {
  useEffect(() => {
    document.addEventListener("keydown", onKeyDown);
    return () => document.removeEventListener("keydown", onKeyDown);
  }, []);
}

function onKeyDown(event: KeyboardEvent): void {
  const target = event.target as HTMLElement;
  const inNewTask = target.id === NEW_TASK_ID;
  if (event.ctrlKey || event.metaKey || event.altKey || document.querySelector("dialog[open]")) return;
  // A key that is held down goes through the list, but acts on one task only.
  if (event.isComposing || (event.repeat && !isArrow(event.key))) return;
  if (inNewTask && event.key === "Escape") return target.blur();
  if (takesKey(target, event.key) && !(inNewTask && event.key === "ArrowDown")) return;
  const control = isArrow(event.key) ? neighbour(target, event.key) : controlOf(event.key, target);
  if (!control) return;
  event.preventDefault();
  if (control.matches("button, .check") && !isArrow(event.key)) control.click();
  else control.focus();
}

/** True for a field that uses the key itself. */
function takesKey(target: HTMLElement, key: string): boolean {
  if (target.matches("[type=radio]")) return isArrow(key);
  return target.matches("input:not([type=checkbox]), textarea, select");
}

function isArrow(key: string): boolean {
  return key === "ArrowDown" || key === "ArrowUp";
}

function neighbour(target: HTMLElement, key: string): HTMLElement | null | undefined {
  const rows = [...document.querySelectorAll<HTMLElement>(".task .check")];
  const here = rows.findIndex((check) => check.closest(".task") === target.closest(".task"));
  if (key === "ArrowDown") return rows[here + 1];
  return here > 0 ? rows[here - 1] : document.getElementById(NEW_TASK_ID);
}

/** Returns the control for a key: that of the row with the focus, or else the only one on the page. */
function controlOf(key: string, target: HTMLElement): HTMLElement | null {
  const named = `[aria-keyshortcuts~="${CSS.escape(key)}"]`;
  const ofRow = target.closest(".task")?.querySelector<HTMLElement>(named);
  return ofRow ?? document.querySelector<HTMLElement>(`${named}:not(.task *)`);
}
