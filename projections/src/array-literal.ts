/** What a column of an unnested array holds. */
export type Element = string | number | bigint | Date | null;

/**
 * An array of one dimension as Postgres reads it (Array Input and Output Syntax, section 8.15.6 of its manual). The driver
 * makes the same of arrays with two replacements for each element, which a rebuild with hundreds of thousands of rows feels.
 */
export function arrayLiteral(values: readonly Element[]): string {
  return `{${values.map(elementOf).join(',')}}`;
}

function elementOf(value: Element): string {
  if (value === null) return 'NULL';
  if (typeof value === 'string') return `"${NEEDS_ESCAPE.test(value) ? value.replace(ESCAPED, '\\$&') : value}"`;
  return value instanceof Date ? value.toISOString() : String(value);
}

const NEEDS_ESCAPE = /["\\]/;
const ESCAPED = /["\\]/g;
