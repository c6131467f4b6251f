/**
 * Colours of people. Told apart with every common colour blindness (after Okabe and Ito, Color Universal Design, 2008),
 * darkened until white text on them has a contrast of 5 : 1 and they themselves 3 : 1 against the dark theme's ground.
 * A colour never stands alone: initials or the name are always with it.
 */
const PALETTE = ['#0072b2', '#b34700', '#007a5a', '#a8487e', '#8a6000', '#5f6b7a'] as const;

/** The same person has the same colour on every page: it comes from the id. FNV-1a, 32 bits. */
export function colourOf(id: string): string {
  let hash = 0x811c9dc5;
  for (let i = 0; i < id.length; i++) hash = Math.imul(hash ^ id.charCodeAt(i), 0x01000193);
  return PALETTE[(hash >>> 0) % PALETTE.length] ?? PALETTE[0];
}

/** One or two letters: of the first and the last word of a name. */
export function initialsOf(name: string): string {
  const words = name.split(/[\s._-]+/u).filter((word) => word !== '');
  const first = firstLetter(words[0]);
  return (words.length > 1 ? first + firstLetter(words.at(-1)) : first) || '?';
}

/** By code point: half a surrogate pair renders as a box. */
function firstLetter(word: string | undefined): string {
  const letter = word?.codePointAt(0);
  return letter === undefined ? '' : String.fromCodePoint(letter).toUpperCase();
}
