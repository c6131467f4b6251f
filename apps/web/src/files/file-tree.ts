import type { FileDto } from '@palimpsest/protocol/wire';

/** A folder or a file. Folders exist by the paths of their files, or were made; `value` of a folder is its path with a slash at the end. */
export interface FileNode {
  readonly value: string;
  readonly label: string;
  readonly file: FileDto | null;
  readonly children?: FileNode[];
}

interface Folder {
  readonly folders: Map<string, Folder>;
  readonly files: FileDto[];
}

/** The files as a tree: folders first, then files, each by name as people sort (`a2` before `a10`). */
export function treeOf(files: readonly FileDto[], made: readonly string[] = []): FileNode[] {
  const root: Folder = { folders: new Map(), files: [] };
  for (const path of made) folderOf(root, path.split('/'));
  for (const file of files) folderOf(root, file.path.split('/').slice(0, -1)).files.push(file);
  return nodesOf(root, '');
}

/** The folders on the way to a file, for opening them. */
export function foldersOf(path: string): string[] {
  const names = path.split('/').slice(0, -1);
  return names.map((_, depth) => `${names.slice(0, depth + 1).join('/')}/`);
}

/** What a node stands for, by its value. */
export interface Dragged {
  readonly path: string;
  /** Undefined for a folder. */
  readonly file: FileDto | undefined;
}

export function draggedOf(value: string, files: readonly FileDto[]): Dragged | undefined {
  if (value.endsWith('/')) return { path: value.slice(0, -1), file: undefined };
  const file = files.find(({ id }) => id === value);
  return file && { path: file.path, file };
}

/** The folder that something lands in which is dropped on a node: that folder, or the one of that file. Empty: the top. */
export function folderAt(value: string, files: readonly FileDto[]): string {
  const target = draggedOf(value, files);
  if (!target) return '';
  if (!target.file) return target.path;
  return target.path.slice(0, Math.max(0, target.path.lastIndexOf('/')));
}

/** Where it is after the move; null where it is there already, or within itself. */
export function landingOf({ path, file }: Dragged, folder: string): string | null {
  const name = path.slice(path.lastIndexOf('/') + 1);
  const to = folder === '' ? name : `${folder}/${name}`;
  if (to === path || (!file && `${folder}/`.startsWith(`${path}/`))) return null;
  return to;
}

/** A name for a copy beside the original: `name-2.txt`, or the next that is free. */
export function copyName(path: string, taken: ReadonlySet<string>): string {
  const dot = path.lastIndexOf('.');
  const cut = dot > path.lastIndexOf('/') + 1 ? dot : path.length;
  for (let count = 2; ; count++) {
    const candidate = `${path.slice(0, cut)}-${count}${path.slice(cut)}`;
    if (!taken.has(candidate)) return candidate;
  }
}

function folderOf(root: Folder, names: readonly string[]): Folder {
  return names.reduce((folder, name) => {
    const inner = folder.folders.get(name) ?? { folders: new Map(), files: [] };
    folder.folders.set(name, inner);
    return inner;
  }, root);
}

const order = new Intl.Collator(undefined, { numeric: true });

function nodesOf(folder: Folder, prefix: string): FileNode[] {
  const folders = [...folder.folders].map(([name, inner]) => {
    const value = `${prefix}${name}/`;
    return { value, label: name, file: null, children: nodesOf(inner, value) };
  });
  const files = folder.files.map((file) => ({ value: file.id, label: file.path.slice(prefix.length), file }));
  const byLabel = (a: FileNode, b: FileNode) => order.compare(a.label, b.label);
  return [...folders.sort(byLabel), ...files.sort(byLabel)];
}
