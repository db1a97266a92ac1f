"use client";

import { useState } from "react";
import { signOut } from "@/lib/auth-client";

export function SignOutButton() {
  const [failed, setFailed] = useState(false);
  return (
    <>
      {failed && (
        <p className="error" role="alert">
          Signing out failed. Please try again.
        </p>
      )}
      <button className="button" type="button" onClick={async () => setFailed(!(await signOut()))}>
        Sign out
      </button>
    </>
  );
}
