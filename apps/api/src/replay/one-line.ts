/** A text with every run of white space as one blank, and none at its ends: indentation and line ends say little of its origin. */
export interface OneLine {
  readonly text: string;
  /** For each unit where it is in the text that it was made of. */
  readonly places: readonly number[];
}

export function inOneLine(text: string): OneLine {
  const units: string[] = [];
  const places: number[] = [];
  for (const { 0: word, index } of text.matchAll(/\S+/gu)) {
    if (units.length > 0) {
      units.push(' ');
      places.push(index - 1);
    }
    units.push(word);
    for (let n = 0; n < word.length; n++) places.push(index + n);
  }
  return { text: units.join(''), places };
}
