import { once } from 'node:events';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import type { ExportFolder } from '@palimpsest/exports';
import { ZipFile } from 'yazl';
import { closed, type MadeExport } from './export-desk.js';

/**
 * A ZIP archive whose first file is sent while it comes into being; then come the others, which are known only when it has
 * ended: `rest` adds them.
 */
export function zippedExport(
  path: string,
  content: AsyncGenerator<string>,
  rows: () => number,
  rest: (zip: ZipFile) => Promise<void> | void,
): MadeExport {
  const zip = new ZipFile();
  const out = zip.outputStream as Readable;
  const first = Readable.from(content, { objectMode: false });
  zip.on('error', (error: Error) => out.destroy(error));
  first.on('error', (error: Error) => out.destroy(error));
  zip.addReadStream(first, path);
  const added = once(first, 'end')
    .then(() => rest(zip))
    .then(() => zip.end())
    .catch((error: unknown) => void out.destroy(error as Error));
  return {
    stream: out,
    rows,
    ended: async () => {
      await closed(first);
      if (first.readableEnded) await added;
    },
  };
}

/** Adds what lies in the folder. */
export function addFolder(zip: ZipFile, { folder, paths }: ExportFolder): void {
  for (const path of paths) zip.addFile(join(folder, path), path);
}
