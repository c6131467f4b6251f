/**
 * Paths of files in a workspace: relative, slash-separated, Unicode NFC. One rule for the interface, the api and the
 * executor, so that a name that was accepted once can be created on disk inside the sandbox as well.
 */

/** Bytes; Linux allows 255 a name, and temporary names need a few. */
const MAX_NAME_BYTES = 200;
const MAX_PATH_BYTES = 1000;
const MAX_DEPTH = 16;

/**
 * Controls, the separators that render as nothing, and everything that Unicode calls ignorable: zero-width characters,
 * bidirectional overrides, fillers. They make one name look like another. Variation selectors stay, since emoji are written
 * with them; they do not count when two names are compared.
 */
const UNSEEN =
  /[\p{Cc}\p{Zl}\p{Zp}\p{Noncharacter_Code_Point}\u2800]|(?![\ufe00-\ufe0f])\p{Default_Ignorable_Code_Point}/u;
const VARIATION = /[\ufe00-\ufe0f]/gu;
/** With the `u` flag a paired surrogate is one character outside this range. */
const LONE_SURROGATE = /[\ud800-\udfff]/u;
/** Of Windows, where a folder may be unpacked. Compatible forms count: `com¹` is reserved there as well. */
const RESERVED_ELSEWHERE = /^(con|prn|aux|nul|com[0-9]|lpt[0-9]|conin\$|conout\$)\s*(\..*)?$/i;

/** Letters that look like Latin ones in most typefaces, with those (from the confusables of Unicode TS 39). */
const LOOKALIKES: Readonly<Record<'Cyrillic' | 'Greek', ReadonlyMap<string, string>>> = {
  Cyrillic: pairs('аaеeоoрpсcуyхxіiјjѕsһhԁdԛqԝwАAВBЕEКKМMНHОOРPСCТTУYХXІIЈJЅSԌGԚQԜW'),
  Greek: pairs('οoΑAΒBΕEΖZΗHΙIΚKΜMΝNΟOΡPΤTΥYΧX'),
};
const LATIN = /\p{Script=Latin}/u;

export type PathCheck = { readonly ok: true; readonly path: string } | { readonly ok: false; readonly problem: string };

/** The normalised path, or a sentence that says what is wrong with `text`. */
export function checkPath(text: string): PathCheck {
  if (text.length > MAX_PATH_BYTES) return wrong(`A path has at most ${MAX_PATH_BYTES} bytes.`);
  if (LONE_SURROGATE.test(text)) return wrong('The name contains half a character (a lone surrogate).');
  const path = text.normalize('NFC');
  if (utf8Length(path) > MAX_PATH_BYTES) return wrong(`A path has at most ${MAX_PATH_BYTES} bytes.`);
  const names = path.split('/');
  if (names.length > MAX_DEPTH) return wrong(`Folders are nested at most ${MAX_DEPTH - 1} deep.`);
  for (const name of names) {
    const problem = nameProblem(name);
    if (problem !== undefined) return wrong(problem);
  }
  return { ok: true, path };
}

/**
 * Whether a path that is recorded can be laid out below a folder without leaving it. Logs have names that were accepted
 * before a rule of `checkPath` came to be: their files still belong to their workspaces, and run.
 */
export function staysInside(path: string): boolean {
  return path.split('/').every((name) => name !== '' && name !== '.' && name !== '..' && !name.includes('\u0000'));
}

function wrong(problem: string): PathCheck {
  return { ok: false, problem };
}

function nameProblem(name: string): string | undefined {
  if (name === '') return 'A path is relative, such as "folder/main.py": it has no empty part.';
  if (name === '.' || name === '..') return 'A path has no "." or ".." in it.';
  if (utf8Length(name) > MAX_NAME_BYTES) return `A name has at most ${MAX_NAME_BYTES} bytes.`;
  if (UNSEEN.test(name)) return 'A name has no control or invisible characters.';
  if (name.includes('\\')) return 'A name has no backslash; folders are separated by "/".';
  if (/^\s|\s$/u.test(name)) return 'A name does not begin or end with a space.';
  if (name.endsWith('.')) return 'A name does not end with a dot.';
  if (RESERVED_ELSEWHERE.test(name.normalize('NFKC')))
    return `"${name}" is reserved on some systems: choose another name.`;
  return mixtureProblem(name);
}

/** Latin letters and others that only look like them in one word: nobody can tell such a name from another. */
function mixtureProblem(name: string): string | undefined {
  for (const word of name.match(/[\p{L}\p{M}]+/gu) ?? []) {
    if (!LATIN.test(word)) continue;
    for (const [script, letters] of Object.entries(LOOKALIKES)) {
      const found = [...word].find((letter) => letters.has(letter));
      if (found !== undefined)
        return `"${word}" mixes alphabets: its "${found}" is ${script} and looks like the Latin "${letters.get(found)}". Type it in one alphabet.`;
    }
  }
  return undefined;
}

/** `"abCD"` as a → b, C → D. */
function pairs(text: string): ReadonlyMap<string, string> {
  const letters = [...text];
  return new Map(letters.flatMap((letter, n) => (n % 2 === 0 ? [[letter, letters[n + 1] ?? ''] as const] : [])));
}

const LATIN_FOR: ReadonlyMap<string, string> = new Map([...LOOKALIKES.Cyrillic, ...LOOKALIKES.Greek]);

/**
 * Two paths with the same key look alike, or are one on file systems that ignore case or normalise: case is folded by way
 * of capitals (`ß` and `SS` are one), compatible forms are one, and small letters that look like Latin ones are those.
 */
export function pathKey(path: string): string {
  // Twice: a folded letter may have a compatible form of its own.
  const plain = folded(folded(path.normalize('NFKC').replace(VARIATION, '')));
  return Array.from(plain, (letter) => LATIN_FOR.get(letter) ?? letter).join('');
}

function folded(text: string): string {
  return text.toUpperCase().toLowerCase().normalize('NFKC');
}

/** The folder that `path` is in; empty for the top. */
export function folderOf(path: string): string {
  return path.slice(0, Math.max(0, path.lastIndexOf('/')));
}

/** The folders on the way to `path`, outermost first, without itself. */
export function foldersAbove(path: string): string[] {
  const names = path.split('/').slice(0, -1);
  return names.map((_, depth) => names.slice(0, depth + 1).join('/'));
}

/** Whether `path` is `folder` or in it, at any depth. */
export function isWithin(path: string, folder: string): boolean {
  return path === folder || path.startsWith(`${folder}/`);
}

/** Length in bytes when encoded as UTF-8 (RFC 3629). */
export function utf8Length(text: string): number {
  let bytes = 0;
  for (const character of text) {
    const code = character.codePointAt(0) ?? 0;
    bytes += code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
  }
  return bytes;
}
