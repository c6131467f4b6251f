import type { FileDto } from '@palimpsest/protocol/wire';

/** A folder or a file. Folders exist by the paths of their files; `value` of a folder is its path with a slash at the end. */
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
export function treeOf(files: readonly FileDto[]): FileNode[] {
  const root: Folder = { folders: new Map(), files: [] };
  for (const file of files) folderOf(root, file.path.split('/').slice(0, -1)).files.push(file);
  return nodesOf(root, '');
}

/** The folders on the way to a file, for opening them. */
export function foldersOf(path: string): string[] {
  const names = path.split('/').slice(0, -1);
  return names.map((_, depth) => `${names.slice(0, depth + 1).join('/')}/`);
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
