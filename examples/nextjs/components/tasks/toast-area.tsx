import { useEffect, useState } from "react";
import type { Toast } from "@/components/tasks/use-toast";

const SHOWN_MS = 7_000;

type Props = { toast?: Toast; onUndo: () => void; onClose: () => void };

/** Shows the toast, which does not vanish while the pointer or the focus is on it. */
export function ToastArea({ toast, onUndo, onClose }: Props) {
  const [held, setHeld] = useState(false);

  useEffect(() => setHeld(false), [toast]);

  useEffect(() => {
    if (!toast?.undo || held) return;
    const timer = setTimeout(onClose, SHOWN_MS);
    return () => clearTimeout(timer);
  }, [toast, held, onClose]);

  return (
    <div
      className="toast-area"
      onPointerEnter={() => setHeld(true)}
      onPointerLeave={() => setHeld(false)}
      onFocus={() => setHeld(true)}
      onBlur={() => setHeld(false)}
    >
      {/* Screen readers announce what changes in here, so it is on the page from the beginning. */}
      <p role="status">{toast?.message}</p>
      {toast && (
        <button
          className="button"
          type="button"
          aria-keyshortcuts={toast.undo && "z"}
          onClick={toast.undo ? onUndo : onClose}
        >
          {toast.undo ? "Undo" : "Close"}
        </button>
      )}
    </div>
  );
}
