"use client";

import { useRef, useState, type FormEvent, type KeyboardEvent } from "react";
import { Field, useFocusOnError } from "@/components/field";
import { Problem } from "@/components/problem";
import { ApiError } from "@/lib/api-client";

export type Draft = { title: string; description: string | null };

type Props = {
  label: string;
  submit: string;
  initial?: Draft;
  /** Hides the description until "Add a description" is clicked. */
  compact?: boolean;
  onSubmit: (draft: Draft) => Promise<void>;
  onCancel?: () => void;
};

/** Form with title and description, to add or to edit a task. */
export function TaskForm({ label, submit, initial, compact = false, onSubmit, onCancel }: Props) {
  const form = useRef<HTMLFormElement>(null);
  const title = useRef<HTMLInputElement>(null);
  const [withDescription, setWithDescription] = useState(!compact);
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<ApiError>();
  useFocusOnError(form, problem);

  async function save(event: FormEvent<HTMLFormElement>) {
    event.preventDefault();
    if (busy) return;
    const input = new FormData(event.currentTarget);
    setBusy(true);
    try {
      // The API checks the input and returns the errors of each field.
      await onSubmit({
        title: String(input.get("title")),
        description: String(input.get("description") ?? "") || null,
      });
      setProblem(undefined);
      if (!initial) {
        form.current?.reset();
        setWithDescription(!compact);
        title.current?.focus();
      }
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      setProblem(error);
    } finally {
      setBusy(false);
    }
  }

  function onKeyDown(event: KeyboardEvent<HTMLFormElement>) {
    if (event.key === "Escape") onCancel?.();
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) event.currentTarget.requestSubmit();
  }

  const fields = problem?.fields ?? {};
  const elsewhere = problem && !fields.title && !fields.description;
  return (
    <form ref={form} className="task-form" aria-label={label} onSubmit={save} onKeyDown={onKeyDown} noValidate>
      <Field
        ref={title}
        label={initial ? "Title" : "New task"}
        name="title"
        autoComplete="off"
        placeholder={initial ? undefined : "What needs doing?"}
        defaultValue={initial?.title}
        autoFocus={initial !== undefined}
        error={fields.title}
      />
      {withDescription && (
        <Field
          multiline
          label="Description"
          name="description"
          defaultValue={initial?.description ?? ""}
          autoFocus={compact}
          error={fields.description}
        />
      )}
      {elsewhere && <Problem error={problem} />}
      <div className="actions">
        <button className="button primary" type="submit" aria-disabled={busy}>
          {submit}
        </button>
        {onCancel && (
          <button className="button" type="button" onClick={onCancel}>
            Cancel
          </button>
        )}
        {!withDescription && (
          <button className="button quiet" type="button" onClick={() => setWithDescription(true)}>
            Add a description
          </button>
        )}
      </div>
    </form>
  );
}
