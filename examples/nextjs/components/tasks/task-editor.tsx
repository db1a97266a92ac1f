import { useEffect, useRef, type FormEvent, type KeyboardEvent } from "react";
import { Field } from "@/components/field";
import { Problem } from "@/components/problem";
import { useMistakes } from "@/components/use-mistakes";
import type { ApiError } from "@/lib/api-client";
import { draftOf, isAtField, mistakesOf, type Draft } from "@/lib/draft";

type Props = {
  title: string;
  initial: Draft;
  /** Why the API refused `initial`. */
  error?: ApiError;
  onSave: (draft: Draft) => void;
  onCancel: () => void;
};

/** The form that takes the place of a row. Its fields stand where the row's texts stood. */
export function TaskEditor({ title, initial, error, onSave, onCancel }: Props) {
  const form = useRef<HTMLFormElement>(null);
  const { mistakes, refuse, onInput } = useMistakes<keyof Draft>(form, error?.fields);

  useEffect(() => {
    // A refused edit opens again while the user may be writing elsewhere.
    const writing = document.activeElement?.matches("input:not([type=checkbox]), textarea");
    if (!writing) form.current?.querySelector("input")?.focus({ preventScroll: true });
  }, []);

  function submit(event: FormEvent<HTMLFormElement>) {
    event.preventDefault();
    const draft = draftOf(event.currentTarget);
    if (!refuse(mistakesOf(draft))) onSave(draft);
  }

  function onKeyDown(event: KeyboardEvent<HTMLFormElement>) {
    // In an input method, Escape discards only what is being composed.
    if (event.key === "Escape" && !event.nativeEvent.isComposing) onCancel();
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) event.currentTarget.requestSubmit();
  }

  return (
    <form
      ref={form}
      className="editor"
      aria-label={`Edit ${title}`}
      onSubmit={submit}
      onInput={onInput}
      onKeyDown={onKeyDown}
      noValidate
    >
      <Field
        label="Title"
        hideLabel
        name="title"
        dir="auto"
        autoComplete="off"
        defaultValue={initial.title}
        error={mistakes.title}
      />
      <Field
        multiline
        label="Description"
        hideLabel
        name="description"
        dir="auto"
        placeholder="Description"
        defaultValue={initial.description ?? ""}
        error={mistakes.description}
      />
      <div className="actions">
        <button className="button primary" type="submit">
          Save
        </button>
        <button className="button" type="button" onClick={onCancel}>
          Cancel
        </button>
      </div>
      {error && !isAtField(error) && <Problem error={error} />}
    </form>
  );
}
