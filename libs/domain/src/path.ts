/**
 * Paths of files in a workspace: relative, slash-separated, Unicode NFC. One rule for the interface, the api and the
 * executor, so that a name that was accepted once can be created on disk inside the sandbox as well.
 */

/** Bytes; Linux allows 255 a name, and temporary names need a few. */
const MAX_NAME_BYTES = 200;
const MAX_PATH_BYTES = 1000;
const MAX_DEPTH = 16;

// Controls, the separators that render as nothing, and bidirectional overrides, which make one name look like another.
// eslint-disable-next-line no-control-regex
const UNSEEN = /[\u0000-\u001f\u007f-\u009f\u00ad\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ufffe\uffff]/u;
/** With the `u` flag a paired surrogate is one character outside this range. */
const LONE_SURROGATE = /[\ud800-\udfff]/u;
const RESERVED_ELSEWHERE = /^(con|prn|aux|nul|com[0-9]|lpt[0-9])(\..*)?$/i;

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
  if (RESERVED_ELSEWHERE.test(name)) return `"${name}" is reserved on some systems: choose another name.`;
  return undefined;
}

/** Two paths with the same key look alike on file systems that ignore case. */
export function pathKey(path: string): string {
  return path.normalize('NFKC').toLowerCase();
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
