/** Returns the day of a timestamp, as users write it: "28 Nov", and with the year if it is another one. */
export function dayOf(timestamp: string): string {
  const date = new Date(timestamp);
  const thisYear = date.getFullYear() === new Date().getFullYear();
  return date.toLocaleDateString("en-GB", {
    day: "numeric",
    month: "short",
    year: thisYear ? undefined : "numeric",
  });
}

export function today(): string {
  return dayOf(new Date().toISOString());
}
