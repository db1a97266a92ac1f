import type { ApiError } from "./api-client";

/** What a user enters for a task. */
export type Draft = { title: string; description: string | null };
export type Mistakes = Partial<Record<keyof Draft, string>>;

// The API has the same limits, and the last word. Asked here, they cost no request.
const TITLE_MAX = 200;
const DESCRIPTION_MAX = 1000;

export function draftOf(form: HTMLFormElement): Draft {
  const input = new FormData(form);
  return { title: String(input.get("title")).trim(), description: String(input.get("description") ?? "") || null };
}

/** Returns a sentence for each field that the API would refuse. */
export function mistakesOf({ title, description }: Draft): Mistakes {
  const mistakes: Mistakes = {};
  if (!title) mistakes.title = "Give the task a title";
  if (lengthOf(title) > TITLE_MAX) mistakes.title = tooLong("title", TITLE_MAX, lengthOf(title));
  if (lengthOf(description ?? "") > DESCRIPTION_MAX) {
    mistakes.description = tooLong("description", DESCRIPTION_MAX, lengthOf(description ?? ""));
  }
  return mistakes;
}

/** Returns true if the API's error is about a field that the user has filled in. */
export function isAtField({ fields }: ApiError): boolean {
  return "title" in fields || "description" in fields;
}

/** Counts characters as the API does, so that an emoji is one. */
function lengthOf(text: string): number {
  return [...text].length;
}

function tooLong(field: string, most: number, found: number): string {
  const number = (value: number) => value.toLocaleString("en");
  return `The ${field} can have at most ${number(most)} characters; this one has ${number(found)}`;
}
