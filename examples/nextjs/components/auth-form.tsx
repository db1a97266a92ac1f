"use client";

import { useRouter } from "next/navigation";
import { useEffect, useRef, useState, type FormEvent } from "react";
import { Field } from "@/components/field";
import { useMistakes } from "@/components/use-mistakes";
import { authClient } from "@/lib/auth-client";

type Name = "name" | "email" | "password";
type Found = Partial<Record<Name | "form", string>>;

const EMAIL = "Enter an e-mail address, like ada@example.com";
const TAKEN = "There is an account with this e-mail address. Sign in instead.";
const PASSWORD = "At least 8 characters";

/** Sentences for Better Auth's errors: its own ones are written for developers. */
const SENTENCES: Record<string, Found> = {
  VALIDATION_ERROR: { email: EMAIL },
  INVALID_EMAIL: { email: EMAIL },
  INVALID_EMAIL_OR_PASSWORD: { form: "This e-mail address and this password do not belong together." },
  USER_ALREADY_EXISTS: { email: TAKEN },
  USER_ALREADY_EXISTS_USE_ANOTHER_EMAIL: { email: TAKEN },
  PASSWORD_TOO_SHORT: { password: `Choose a longer password: ${PASSWORD.toLowerCase()}` },
  PASSWORD_TOO_LONG: { password: "Choose a shorter password: at most 128 characters" },
};
const TOO_MANY: Found = { form: "There were too many attempts. Please wait a moment and try again." };
const FAILED: Found = { form: "The sign-in service does not respond. Please try again." };

export function AuthForm({ kind }: { kind: "sign-in" | "sign-up" }) {
  const isNew = kind === "sign-up";
  const router = useRouter();
  const form = useRef<HTMLFormElement>(null);
  const [busy, setBusy] = useState(false);
  // Before the script runs, the browser itself would send the form, with the password in the URL.
  const [ready, setReady] = useState(false);
  useEffect(() => setReady(true), []);
  const { mistakes, refuse, onInput } = useMistakes<Name>(form);

  async function submit(event: FormEvent<HTMLFormElement>) {
    event.preventDefault();
    const input = new FormData(event.currentTarget);
    const value = (name: Name) => String(input.get(name) ?? "").trim();
    const entered = { name: value("name"), email: value("email"), password: String(input.get("password")) };

    const missing: Found = {};
    if (isNew && !entered.name) missing.name = "Enter your name";
    if (!entered.email) missing.email = EMAIL;
    if (!entered.password) missing.password = isNew ? `Choose a password: ${PASSWORD.toLowerCase()}` : "Enter your password";
    if (busy || refuse(missing)) return;

    setBusy(true);
    const { email, password } = entered;
    const call = isNew ? authClient.signUp.email(entered) : authClient.signIn.email({ email, password });
    // Better Auth's client returns what the server responds, and throws if there is no response.
    const { error } = await call.catch(() => ({ error: { status: 0, code: "" } }));
    if (!error) return router.replace("/");
    setBusy(false);
    refuse(SENTENCES[error.code ?? ""] ?? (error.status === 429 ? TOO_MANY : FAILED));
  }

  return (
    // noValidate: errors are shown below their fields and stay visible, unlike the browser's messages.
    <form ref={form} className="stack" onSubmit={submit} onInput={onInput} noValidate>
      {isNew && <Field label="Name" name="name" autoComplete="name" error={mistakes.name} />}
      <Field label="E-mail" name="email" type="email" autoComplete="email" error={mistakes.email} />
      <Field
        label="Password"
        name="password"
        type="password"
        autoComplete={isNew ? "new-password" : "current-password"}
        hint={isNew ? PASSWORD : undefined}
        error={mistakes.password}
      />
      {mistakes.form && (
        <p className="error" role="alert">
          {mistakes.form}
        </p>
      )}
      <button className="button primary" type="submit" disabled={!ready} aria-disabled={busy}>
        {isNew ? (busy ? "Creating account…" : "Create account") : busy ? "Signing in…" : "Sign in"}
      </button>
    </form>
  );
}
