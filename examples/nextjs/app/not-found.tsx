import Link from "next/link";

export default function NotFound() {
  return (
    <main className="door">
      <p className="wordmark">Tasks</p>
      <h1>This page does not exist</h1>
      <p>
        <Link href="/">Go to your tasks</Link>
      </p>
    </main>
  );
}
