import type { Metadata } from "next";
import Link from "next/link";
import { redirect } from "next/navigation";
import { AuthForm } from "@/components/auth-form";
import { currentUser } from "@/lib/session";

export const metadata: Metadata = { title: "Sign in" };

export default async function SignInPage({ searchParams }: PageProps<"/sign-in">) {
  if (await currentUser()) redirect("/");
  const { ended } = await searchParams;
  return (
    <main className="door">
      <p className="wordmark">Tasks</p>
      <h1>Sign in</h1>
      {ended !== undefined && (
        <p className="hint" role="status">
          Your session has ended. Please sign in again.
        </p>
      )}
      <AuthForm kind="sign-in" />
      <p className="aside">
        New here? <Link href="/sign-up">Create an account</Link>
      </p>
    </main>
  );
}
