import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { checkPath, decodeFileEdited, FILE_EDITED, type RunFile, streamOf, TEXT_ROOT } from '@palimpsest/domain';
import type { EventStore } from '@palimpsest/event-store';
import * as Y from 'yjs';

/** A workspace that cannot be laid out as it was recorded. */
export class WorkspaceFault extends Error {
  readonly code = 'workspace';
  constructor(message: string) {
    super(message);
    this.name = 'WorkspaceFault';
  }
}

/** Text of a file after exactly `revision` of its stream: later edits are as if they had not been made. */
export async function textAt(store: EventStore, { file, revision }: RunFile): Promise<string> {
  if (revision === null) return '';
  const last = BigInt(revision);
  const doc = new Y.Doc();
  try {
    for await (const event of store.readStream(streamOf.file(file))) {
      if (event.revision > last) break;
      if (event.type === FILE_EDITED)
        for (const { update } of decodeFileEdited(event.data).edits) Y.applyUpdate(doc, update);
      if (event.revision === last) break;
    }
    return doc.getText(TEXT_ROOT).toString();
  } finally {
    doc.destroy();
  }
}

/**
 * Writes the files of a run below `folder`, which is new and empty, so that there is nothing to be followed out of it.
 * `made` is told each path that was made, parents first. Throws WorkspaceFault for a path that the domain would refuse.
 */
export async function layOutWorkspace(
  store: EventStore,
  folder: string,
  files: readonly RunFile[],
  made: (path: string) => Promise<void> = () => Promise.resolve(),
): Promise<void> {
  const folders = new Set([folder]);
  for (const file of files) {
    const checked = checkPath(file.path);
    if (!checked.ok) throw new WorkspaceFault(`"${file.path}" cannot be laid out: ${checked.problem}`);
    const path = join(folder, checked.path);
    await makeParents(folder, checked.path, folders, made);
    await writeFile(path, await textAt(store, file), { flag: 'wx', mode: 0o644 });
    await made(path);
  }
}

async function makeParents(
  root: string,
  path: string,
  known: Set<string>,
  made: (path: string) => Promise<void>,
): Promise<void> {
  const parts = dirname(path) === '.' ? [] : dirname(path).split('/');
  let folder = root;
  for (const part of parts) {
    folder = join(folder, part);
    if (known.has(folder)) continue;
    known.add(folder);
    await mkdir(folder, { mode: 0o755 });
    await made(folder);
  }
}
