/** Letters of a word that are looked at: more of them tell no two words apart that people write. */
const WORD_MOST = 60;

// eslint-disable-next-line no-control-regex -- all of ASCII
const ASCII = /^[\u0000-\u007f]*$/;

/**
 * The words of a text in lower case: letters and digits that stand together, whatever the script. What is put into the index
 * of the audit log and what is looked for there are made by this one function.
 */
export function wordsOf(text: string): string[] {
  // Most of a log is ASCII, where the same is found in a fifth of the time.
  const words = ASCII.test(text)
    ? text.toLowerCase().match(/[a-z0-9]+/g)
    : text
        .normalize('NFC')
        .toLowerCase()
        .match(/[\p{L}\p{M}\p{N}]+/gu);
  return (words ?? []).map((word) => (word.length <= WORD_MOST ? word : [...word].slice(0, WORD_MOST).join('')));
}
