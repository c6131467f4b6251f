/** Objects of Git as its documentation describes them (gitformat-pack(5), git-hash-object(1), Documentation/user-manual). */
import { createHash } from 'node:crypto';

export type ObjectKind = 'commit' | 'tree' | 'blob';

export interface GitObject {
  readonly kind: ObjectKind;
  readonly body: Buffer;
  /** SHA-1 of the object, 40 hexadecimal digits: the same content has the same id everywhere. */
  readonly id: string;
}

export interface Signature {
  readonly name: string;
  readonly email: string;
  /** Milliseconds since 1970; Git counts whole seconds. */
  readonly at: number;
}

export interface NewCommit {
  readonly tree: string;
  readonly parent: string | undefined;
  readonly author: Signature;
  readonly committer: Signature;
  readonly message: string;
}

/** A file of a tree: its path and the id of its content. */
export interface TreeFile {
  readonly path: string;
  readonly id: string;
}

export function gitObject(kind: ObjectKind, body: Buffer): GitObject {
  const id = createHash('sha1').update(`${kind} ${body.length}\0`).update(body).digest('hex');
  return { kind, body, id };
}

function signatureLine({ name, email, at }: Signature): string {
  return `${name} <${email}> ${Math.floor(at / 1000)} +0000`;
}

export function commitObject({ tree, parent, author, committer, message }: NewCommit): GitObject {
  const lines = [
    `tree ${tree}`,
    ...(parent === undefined ? [] : [`parent ${parent}`]),
    `author ${signatureLine(author)}`,
    `committer ${signatureLine(committer)}`,
    '',
    message.trimEnd(),
    '',
  ];
  return gitObject('commit', Buffer.from(lines.join('\n')));
}

/** A name as it may stand in a signature: nothing that ends it, and not nothing. */
export function signatureName(name: string, otherwise: string): string {
  // eslint-disable-next-line no-control-regex -- they are what is taken out
  const clean = name.replace(/[<>\u0000-\u001f\u007f]/g, ' ').trim();
  return clean.replace(/^[.,:;"'\\]+|[.,:;"'\\]+$/g, '').trim() || otherwise;
}

type Folder = Map<string, Folder | string>;

/** The trees of these files, the innermost first and the root last. Empty folders there are none in Git. */
export function treeObjects(files: readonly TreeFile[]): GitObject[] {
  const root: Folder = new Map();
  for (const { path, id } of withSafePaths(files)) place(root, path.split('/'), id);
  const objects: GitObject[] = [];
  treeOf(root, objects);
  return objects;
}

function place(folder: Folder, [name = '', ...rest]: readonly string[], id: string): void {
  if (rest.length === 0) return void folder.set(name, id);
  let inner = folder.get(name);
  if (!(inner instanceof Map)) folder.set(name, (inner = new Map()));
  place(inner, rest, id);
}

function treeOf(folder: Folder, objects: GitObject[]): string {
  const entries = [...folder].map(([name, inner]) => {
    const isFolder = inner instanceof Map;
    const id = isFolder ? treeOf(inner, objects) : inner;
    const head = Buffer.from(`${isFolder ? '40000' : '100644'} ${name}\0`);
    // Git sorts by bytes, a folder as if its name ended with a slash.
    return { order: Buffer.from(isFolder ? `${name}/` : name), bytes: Buffer.concat([head, Buffer.from(id, 'hex')]) };
  });
  entries.sort((a, b) => Buffer.compare(a.order, b.order));
  const tree = gitObject('tree', Buffer.concat(entries.map(({ bytes }) => bytes)));
  objects.push(tree);
  return tree.id;
}

/** Names that Git keeps for itself, on whichever file system: `git fsck` refuses a tree with one. */
const GITS_OWN = /^(\.git|\.gitmodules|git~\d+|gi[a-z0-9]{0,4}~\d+)[ .]*(:.*)?$/i;
/** Characters that some file systems leave out of names. */
const LEFT_OUT = /[\u200c-\u200f\u202a-\u202e\u206a-\u206f\ufeff]/g;

/** Where a name is Git's own, it gets an underscore in front, and more of them where that is taken. */
function withSafePaths(files: readonly TreeFile[]): TreeFile[] {
  const taken = new Set(files.map(({ path }) => path));
  return files.map(({ path, id }) => {
    const isOwn = (name: string) => GITS_OWN.test(name.replace(LEFT_OUT, ''));
    if (!path.split('/').some(isOwn)) return { path, id };
    let safe = path;
    do
      safe = safe
        .split('/')
        .map((name) => (isOwn(name) || (safe !== path && name.startsWith('_')) ? `_${name}` : name))
        .join('/');
    while (taken.has(safe));
    taken.add(safe);
    return { path: safe, id };
  });
}
