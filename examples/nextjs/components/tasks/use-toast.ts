import { useCallback, useEffect, useRef, useState } from "react";

export type Toast = {
  message: string;
  /** Takes back what the message says. Without it, the toast stays until it is closed. */
  undo?: () => void;
  /** Called once it cannot be taken back any more. */
  over?: () => void;
};

/** Shows one message at a time. */
export function useToast() {
  const [toast, setToast] = useState<Toast>();
  const shown = useRef<Toast>(undefined);

  const show = useCallback((next: Toast | undefined) => {
    const last = shown.current;
    shown.current = next;
    setToast(next);
    last?.over?.();
  }, []);

  const close = useCallback(() => show(undefined), [show]);

  const undo = useCallback(() => {
    const last = shown.current;
    shown.current = undefined;
    setToast(undefined);
    last?.undo?.();
  }, []);

  useEffect(() => {
    // The last event that each browser sends to a page that is closed. A page in the background may
    // be ended without another one.
    const onHidden = () => document.visibilityState === "hidden" && shown.current?.over && close();
    document.addEventListener("visibilitychange", onHidden);
    return () => document.removeEventListener("visibilitychange", onHidden);
  }, [close]);

  return { toast, show, close, undo };
}
