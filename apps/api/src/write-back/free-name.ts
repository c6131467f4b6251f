import { pathKey } from '@palimpsest/domain';

/** Tries before it is given up: more copies of one name are nobody's work. */
const MOST = 99;

/**
 * `path`, or else the first of `name-2.txt`, `name-3.txt` … that is not taken. Undefined if none is. Only the name is
 * changed: whether the whole is a path that the workspace takes is the domain's to say.
 */
export function freeName(path: string, taken: Iterable<string>): string | undefined {
  const keys = new Set([...taken].map(pathKey));
  if (!keys.has(pathKey(path))) return path;
  const slash = path.lastIndexOf('/');
  const dot = path.lastIndexOf('.');
  const cut = dot > slash + 1 ? dot : path.length;
  for (let count = 2; count <= MOST; count++) {
    const candidate = `${path.slice(0, cut)}-${count}${path.slice(cut)}`;
    if (!keys.has(pathKey(candidate))) return candidate;
  }
  return undefined;
}
