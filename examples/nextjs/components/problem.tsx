import type { ApiError } from "@/lib/api-client";
import { signOut } from "@/lib/auth-client";

type Props = { error: ApiError; onRetry?: () => void };

/** What went wrong, in the API's words, and what to do about it. */
export function Problem({ error, onRetry }: Props) {
  // With a 401 in spite of a new token, trying again is no use: the API does not accept this
  // session at all.
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
