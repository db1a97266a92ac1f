import { useEffect, useRef, useState, type FormEvent } from "react";
import { Field } from "@/components/field";
import { Icon } from "@/components/icon";
import { Problem } from "@/components/problem";
import { NEW_TASK_ID } from "@/components/tasks/use-next-focus";
import { useMistakes } from "@/components/use-mistakes";
import { ApiError } from "@/lib/api-client";
import { draftOf, isAtField, mistakesOf, type Draft } from "@/lib/draft";

/** The line at the top of the page for a new task. It stays there while the list is scrolled. */
export function NewTask({ onAdd }: { onAdd: (draft: Draft) => Promise<void> }) {
  const form = useRef<HTMLFormElement>(null);
  const title = useRef<HTMLInputElement>(null);
  const [withDescription, setWithDescription] = useState(false);
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<ApiError>();
  const { mistakes, refuse, onInput } = useMistakes<keyof Draft>(form);

  useEffect(() => {
    // On a touch screen the focus would open the keyboard.
    if (matchMedia("(hover: hover)").matches) title.current?.focus({ preventScroll: true });
  }, []);

  async function submit(event: FormEvent<HTMLFormElement>) {
    event.preventDefault();
    const draft = draftOf(event.currentTarget);
    if (busy || refuse(mistakesOf(draft))) return;
    setBusy(true);
    setProblem(undefined);
    try {
      await onAdd(draft);
      form.current?.reset();
      setWithDescription(false);
      title.current?.focus({ preventScroll: true });
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      if (isAtField(error)) refuse(error.fields);
      else setProblem(error);
    } finally {
      setBusy(false);
    }
  }

  return (
    <form ref={form} className="new-task" aria-label="Add a task" onSubmit={submit} onInput={onInput} noValidate>
      <div className="line">
        <Field
          ref={title}
          id={NEW_TASK_ID}
          label="New task"
          hideLabel
          name="title"
          dir="auto"
          autoComplete="off"
          placeholder="What needs doing?"
          aria-keyshortcuts="n"
          error={mistakes.title}
        />
        {!withDescription && (
          <button
            className="button quiet square"
            type="button"
            aria-label="Add a description"
            title="Add a description"
            onClick={() => setWithDescription(true)}
          >
            <Icon name="text" />
          </button>
        )}
        <button className="button primary" type="submit" aria-disabled={busy}>
          {busy ? "Adding…" : "Add"}
        </button>
      </div>
      {withDescription && (
        <Field multiline label="Description" name="description" dir="auto" autoFocus error={mistakes.description} />
      )}
      {problem && <Problem error={problem} />}
    </form>
  );
}
