import type { ApiError } from "@/lib/api-client";
import { signOut } from "@/lib/auth-client";

type Props = { error: ApiError; onRetry?: () => void };

/** Shows the API's error message and a button to retry or to sign in again. */
export function Problem({ error, onRetry }: Props) {
  // After a 401 for a new token a retry cannot succeed: the API accepts no token of this session.
  const refused = error.status === 401;
  return (
    <div className="problem" role="alert">
      <p>{error.message}</p>
      {refused ? (
        <button className="button" type="button" onClick={() => void signOut()}>
          Sign in again
        </button>
      ) : (
        onRetry && (
          <button className="button" type="button" onClick={onRetry}>
            Try again
          </button>
        )
      )}
    </div>
  );
}
