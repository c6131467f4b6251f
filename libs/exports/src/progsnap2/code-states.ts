import { createHash } from 'node:crypto';
import { readable } from '../code-point-text.js';
import { csvRecord } from '../csv.js';

/** Characters of a text that is no Python file, above which it is data and not code: it is left out of code states. */
const MAX_DATA = 100_000;

export interface Section {
  readonly path: string;
  readonly text: string;
}

export interface CodeState {
  readonly id: string;
  readonly sections: readonly Section[];
}

/** Files of a workspace as a state: sorted, as readers see them. */
export function codeState(files: readonly Section[]): CodeState {
  const sections = files
    .filter(({ path, text }) => path.endsWith('.py') || text.length <= MAX_DATA)
    .map(({ path, text }) => ({ path, text: readable(text) }))
    .sort((a, b) => (a.path < b.path ? -1 : 1));
  return { id: idOf(sections), sections };
}

/** As the toolkit makes them: SHA-256 over the sorted sections, path and code together, joined by NUL. None: unknown. */
function idOf(sections: readonly Section[]): string {
  if (sections.length === 0) return '';
  const hash = createHash('sha256');
  hash.update(sections.map(({ path, text }) => path + text).join('\0'));
  return hash.digest('hex');
}

export const CODE_STATES_HEAD = csvRecord(['CodeStateID', 'Code', 'CodeStateSection']);

export function codeStateRecords({ id, sections }: CodeState): string {
  return sections.map(({ path, text }) => csvRecord([id, text, path])).join('');
}
