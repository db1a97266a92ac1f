"use client";

import { useRouter } from "next/navigation";
import { useRef, useState, type FormEvent } from "react";
import { Field, useFocusOnError } from "@/components/field";
import { authClient } from "@/lib/auth-client";

type Name = "name" | "email" | "password";
type Mistakes = Partial<Record<Name | "form", string>>;

/** The field of each of Better Auth's errors; other errors concern the whole form. */
const FIELD_OF: Record<string, Name> = {
  INVALID_EMAIL: "email",
  USER_ALREADY_EXISTS: "email",
  USER_ALREADY_EXISTS_USE_ANOTHER_EMAIL: "email",
  PASSWORD_TOO_SHORT: "password",
  PASSWORD_TOO_LONG: "password",
};

export function AuthForm({ kind }: { kind: "sign-in" | "sign-up" }) {
  const isNew = kind === "sign-up";
  const router = useRouter();
  const form = useRef<HTMLFormElement>(null);
  const [busy, setBusy] = useState(false);
  const [mistakes, setMistakes] = useState<Mistakes>({});
  useFocusOnError(form, mistakes);

  async function submit(event: FormEvent<HTMLFormElement>) {
    event.preventDefault();
    if (busy) return;
    const input = new FormData(event.currentTarget);
    const value = (name: Name) => String(input.get(name) ?? "").trim();
    const entered = { name: value("name"), email: value("email"), password: String(input.get("password")) };

    const missing: Mistakes = {};
    if (isNew && !entered.name) missing.name = "Please enter your name";
    if (!entered.email) missing.email = "Please enter your e-mail address";
    if (!entered.password) missing.password = "Please enter a password";
    if (Object.keys(missing).length > 0) return setMistakes(missing);

    setBusy(true);
    const { error } = isNew
      ? await authClient.signUp.email(entered)
      : await authClient.signIn.email({ email: entered.email, password: entered.password });
    if (!error) return router.replace("/");
    setBusy(false);
    const field = FIELD_OF[error.code ?? ""] ?? "form";
    setMistakes({ [field]: error.message || "The sign-in service does not respond. Please try again." });
  }

  return (
    // noValidate: errors are shown below their fields and stay visible, unlike the browser's messages.
    <form ref={form} className="stack" onSubmit={submit} noValidate>
      {isNew && <Field label="Name" name="name" autoComplete="name" error={mistakes.name} />}
      <Field label="E-mail" name="email" type="email" autoComplete="email" error={mistakes.email} />
      <Field
        label="Password"
        name="password"
        type="password"
        autoComplete={isNew ? "new-password" : "current-password"}
        error={mistakes.password}
      />
      {mistakes.form && (
        <p className="error" role="alert">
          {mistakes.form}
        </p>
      )}
      <button className="button primary" type="submit" aria-disabled={busy}>
        {isNew ? "Create account" : "Sign in"}
      </button>
    </form>
  );
}
