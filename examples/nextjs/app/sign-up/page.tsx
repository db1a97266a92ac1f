import type { Metadata } from "next";
import Link from "next/link";
import { redirect } from "next/navigation";
import { AuthForm } from "@/components/auth-form";
import { currentUser } from "@/lib/session";

export const metadata: Metadata = { title: "Create an account" };

export default async function SignUpPage() {
  if (await currentUser()) redirect("/");
  return (
    <main className="door">
      <p className="wordmark">Tasks</p>
      <h1>Create an account</h1>
      <AuthForm kind="sign-up" />
      <p className="aside">
        Do you have an account? <Link href="/sign-in">Sign in</Link>
      </p>
    </main>
  );
}
