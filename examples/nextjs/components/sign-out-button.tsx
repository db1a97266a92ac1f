"use client";

import { useEffect, useState } from "react";
import { followSignOut, signOut } from "@/lib/auth-client";

export function SignOutButton() {
  const [state, setState] = useState<"ready" | "busy" | "failed">("ready");
  useEffect(followSignOut, []);

  async function leave() {
    if (state === "busy") return;
    setState("busy");
    if (!(await signOut())) setState("failed");
  }

  return (
    <>
      {state === "failed" && (
        <p className="error" role="alert">
          Signing out failed. Please try again.
        </p>
      )}
      <button className="button quiet" type="button" aria-disabled={state === "busy"} onClick={() => void leave()}>
        {state === "busy" ? "Signing out…" : "Sign out"}
      </button>
    </>
  );
}
