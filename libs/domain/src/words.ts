/** Letters of a word that are looked at: more of them tell no two words apart that people write. */
const WORD_MOST = 60;

/**
 * The words of a text in lower case: letters and digits that stand together, whatever the script. What is put into the index
 * of the audit log and what is looked for there are made by this one function.
 */
export function wordsOf(text: string): string[] {
  const words =
    text
      .normalize('NFC')
      .toLowerCase()
      .match(/[\p{L}\p{M}\p{N}]+/gu) ?? [];
  return words.map((word) => [...word].slice(0, WORD_MOST).join(''));
}
