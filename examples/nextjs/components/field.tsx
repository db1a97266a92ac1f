import { useId, type ComponentPropsWithRef } from "react";

type Shared = { label: string; hideLabel?: boolean; hint?: string; error?: string };
type Props =
  | (Shared & { multiline?: false } & ComponentPropsWithRef<"input">)
  | (Shared & { multiline: true } & ComponentPropsWithRef<"textarea">);

/** A labelled control. Below it stands its error message, or else a hint. */
export function Field({ label, hideLabel, hint, error, ...props }: Props) {
  const made = useId();
  const id = props.id ?? made;
  const below = error ?? hint;
  const shared = { id, "aria-invalid": error !== undefined, "aria-describedby": below && `${id}-below` };
  let control;
  if (props.multiline) {
    const { multiline: _, ...rest } = props;
    control = <textarea rows={1} {...rest} {...shared} />;
  } else {
    const { multiline: _, ...rest } = props;
    control = <input {...rest} {...shared} />;
  }
  return (
    <div className="field">
      <label htmlFor={id} className={hideLabel ? "visually-hidden" : undefined}>
        {label}
      </label>
      {control}
      {below && (
        <p className={error ? "error" : "below"} id={`${id}-below`}>
          {below}
        </p>
      )}
    </div>
  );
}
