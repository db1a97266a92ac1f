import { useEffect, useId, type ComponentPropsWithRef, type RefObject } from "react";

type Shared = { label: string; error?: string };
type Props =
  | (Shared & { multiline?: false } & ComponentPropsWithRef<"input">)
  | (Shared & { multiline: true } & ComponentPropsWithRef<"textarea">);

/** A labelled control with its error message below it. */
export function Field({ label, error, ...props }: Props) {
  const id = useId();
  const shared = { id, "aria-invalid": error !== undefined, "aria-describedby": error && `${id}-error` };
  let control;
  if (props.multiline) {
    const { multiline: _, ...rest } = props;
    control = <textarea rows={3} {...rest} {...shared} />;
  } else {
    const { multiline: _, ...rest } = props;
    control = <input {...rest} {...shared} />;
  }
  return (
    <div className="field">
      <label htmlFor={id}>{label}</label>
      {control}
      {error && (
        <p className="error" id={`${id}-error`}>
          {error}
        </p>
      )}
    </div>
  );
}

/** Focuses the first invalid field when `mistakes` changes. */
export function useFocusOnError(form: RefObject<HTMLFormElement | null>, mistakes: object | undefined): void {
  useEffect(() => {
    if (mistakes) form.current?.querySelector<HTMLElement>('[aria-invalid="true"]')?.focus();
  }, [form, mistakes]);
}
