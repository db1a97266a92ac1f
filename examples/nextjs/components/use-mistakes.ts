import { useEffect, useState, type FormEvent, type RefObject } from "react";

/** Holds the error messages of a form's fields by their names; "form" is that of the whole form. */
export function useMistakes<Name extends string>(
  form: RefObject<HTMLFormElement | null>,
  initial: Partial<Record<Name | "form", string>> = {},
) {
  const [mistakes, setMistakes] = useState(initial);
  const [refusals, setRefusals] = useState(0);

  useEffect(() => {
    if (refusals > 0) form.current?.querySelector<HTMLElement>('[aria-invalid="true"]')?.focus();
  }, [form, refusals]);

  return {
    mistakes,
    /** Shows the messages and focuses the first field that has one. Returns false if there are none. */
    refuse(found: typeof initial): boolean {
      setMistakes(found);
      const any = Object.keys(found).length > 0;
      if (any) setRefusals((number) => number + 1);
      return any;
    },
    /** For the form: a message goes away when its field is typed in. */
    onInput(event: FormEvent<HTMLFormElement>) {
      const { name } = event.target as HTMLInputElement;
      setMistakes((now) => ({ ...now, [name]: undefined, form: undefined }));
    },
  };
}
