const two = (value: number) => String(value).padStart(2, '0');

/** A moment as a field of type `datetime-local` wants it: in the reader's time zone, to the minute. */
export function localField(iso: string): string {
  const date = new Date(iso);
  if (iso === '' || Number.isNaN(date.getTime())) return '';
  const day = `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
  return `${day}T${two(date.getHours())}:${two(date.getMinutes())}`;
}

/** The moment in such a field, ISO 8601; empty for none. */
export function momentOf(field: string): string {
  const date = new Date(field);
  return field === '' || Number.isNaN(date.getTime()) ? '' : date.toISOString();
}
