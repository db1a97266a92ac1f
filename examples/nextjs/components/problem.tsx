import { useState } from "react";
import type { ApiError } from "@/lib/api-client";
import { signOut } from "@/lib/auth-client";

type Props = { error: ApiError; onRetry?: () => Promise<unknown> };

/** Shows the API's error message and a button to retry or to sign in again. */
export function Problem({ error, onRetry }: Props) {
  const [busy, setBusy] = useState(false);

  async function retry() {
    if (busy) return;
    setBusy(true);
    await onRetry?.().finally(() => setBusy(false));
  }

  // A retry cannot succeed: the API accepts no token of this session (401), or not for these tasks (403).
  const refused = error.status === 401 || error.status === 403;
  return (
    <div className="problem" role="alert">
      <p>{error.message}</p>
      {refused && (
        <button className="button" type="button" onClick={() => void signOut()}>
          Sign in again
        </button>
      )}
      {!refused && onRetry && (
        <button className="button" type="button" aria-disabled={busy} onClick={() => void retry()}>
          {busy ? "Trying again…" : "Try again"}
        </button>
      )}
    </div>
  );
}
