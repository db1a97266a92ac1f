"use client";

/** Shown when the page itself cannot be made, for want of a database above all. */
export default function PageError({ reset }: { reset: () => void }) {
  return (
    <main className="door">
      <p className="wordmark">Tasks</p>
      <h1>This page cannot be shown</h1>
      <p role="alert">The sign-in service does not answer at the moment. Please try again.</p>
      <button className="button primary" type="button" onClick={() => { reset(); location.reload(); }}>
        Try again
      </button>
    </main>
  );
}
