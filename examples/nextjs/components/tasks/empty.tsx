import type { StatusFilter } from "@/lib/api-client";

const TEXTS: Record<StatusFilter, [string, string]> = {
  all: ["Nothing to do yet", "Write your first task above."],
  pending: ["All done", "Nothing is left to do."],
  completed: ["Nothing completed yet", "Completed tasks appear here."],
};

export function Empty({ kind }: { kind: keyof typeof TEXTS }) {
  const [headline, hint] = TEXTS[kind];
  return (
    <div className="empty">
      <p className="headline">{headline}</p>
      <p>{hint}</p>
    </div>
  );
}
