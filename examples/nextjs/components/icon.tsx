const PATHS = {
  edit: "M4 20l1-4L16.5 4.5l3 3L8 19z M14 7l3 3",
  delete: "M5 7h14 M10 7V4.5h4V7 M7 7l.8 12.5h8.4L17 7 M10.5 11v5 M13.5 11v5",
  more: "M6 12h.01 M12 12h.01 M18 12h.01",
  text: "M5 7h14 M5 12h14 M5 17h9",
  keyboard: "M3.5 6.5h17v11h-17z M7 10h.01 M10.3 10h.01 M13.7 10h.01 M17 10h.01 M8 14h8",
};

/** A drawing for a button that has a name of its own. */
export function Icon({ name }: { name: keyof typeof PATHS }) {
  return (
    <svg viewBox="0 0 24 24" aria-hidden="true" className={`icon icon-${name}`}>
      <path d={PATHS[name]} />
    </svg>
  );
}
