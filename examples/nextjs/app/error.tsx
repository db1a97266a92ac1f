"use client";

/** Shown if the page cannot be rendered, mostly because the database is unreachable. */
export default function PageError() {
  return (
    <main className="door">
      <p className="wordmark">Tasks</p>
      <h1>This page cannot be shown</h1>
      <p role="alert">The sign-in service does not respond at the moment. Please try again.</p>
      <button className="button primary" type="button" onClick={() => location.reload()}>
        Try again
      </button>
    </main>
  );
}
