/** Characters (UTF-16 units) from which on an insertion counts as pasted: nobody types so many between two updates. */
export const PASTE_UNITS = 30;

/**
 * Whether what was inserted in one piece is too much for typing: several lines with something on them, or PASTE_UNITS
 * characters of more than one word. A line that an editor indents, a bracket that it closes and a name that it completes are not.
 */
export function isPasted(inserted: string): boolean {
  const words = inserted.trim().split(/\s+/u).length;
  if (inserted.length >= PASTE_UNITS && words > 1) return true;
  return inserted.split('\n').filter((line) => line.trim() !== '').length > 1;
}
