import type { SortOrder, StatusFilter } from "@/lib/api-client";
import type { Count } from "@/lib/task-lists";
import { SORT_LABELS, STATUS_LABELS, type View } from "@/lib/view";

type Props = {
  view: View;
  counts?: Record<StatusFilter, Count>;
  onChange: (part: Partial<View>) => void;
};

/** The filter with its counts, and the order. */
export function Toolbar({ view, counts, onChange }: Props) {
  return (
    <div className="toolbar">
      <fieldset className="filter">
        <legend className="visually-hidden">Show</legend>
        {(Object.keys(STATUS_LABELS) as StatusFilter[]).map((status) => (
          <label key={status}>
            <input
              type="radio"
              name="status"
              aria-keyshortcuts={view.status === status ? "/" : undefined}
              checked={view.status === status}
              onChange={() => onChange({ status })}
            />
            <span>
              {STATUS_LABELS[status]} {/* The space is for screen readers. */}
              {counts && <b>{written(counts[status])}</b>}
            </span>
          </label>
        ))}
      </fieldset>
      <div className="sort">
        <label htmlFor="sort">Sort by</label>
        <select id="sort" value={view.sort} onChange={(event) => onChange({ sort: event.target.value as SortOrder })}>
          {(Object.keys(SORT_LABELS) as SortOrder[]).map((sort) => (
            <option key={sort} value={sort}>
              {SORT_LABELS[sort]}
            </option>
          ))}
        </select>
      </div>
    </div>
  );
}

/** "100+" until the list is loaded to its end: the API returns pages, and no totals. */
export function written({ known, more }: Count): string {
  return `${known.toLocaleString("en")}${more ? "+" : ""}`;
}
