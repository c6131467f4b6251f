import { Controller, Get, Query, Req, Res } from '@nestjs/common';
import { ApiOkResponse } from '@nestjs/swagger';
import { Readable } from 'node:stream';
import { asId, type FileId, isWithin } from '@palimpsest/domain';
import { ZipQueryDto } from '@palimpsest/protocol';
import type { Request, Response } from 'express';
import { ZipFile } from 'yazl';
import { Person } from '../auth/auth.guard.js';
import type { Principal } from '../auth/principal.js';
import { Rejected } from '../commands/rejected.js';
import { Limited } from '../limits/request-limits.js';
import { Asks, PathId } from '../platform/api-description.js';
import { Access } from '../policies/access.js';
import { WorkspaceAccess } from '../policies/workspace-access.js';
import { RecordedFiles } from './recorded-content.js';
import { fileName, sendStream } from './served-content.js';
import { type TreeThen, WorkspacePast } from './workspace-past.js';

interface Entry {
  readonly path: string;
  readonly file: FileId;
  readonly isBinary: boolean;
}

/** Many files as one: a folder, chosen ones or all, as they are or were. */
@Controller('api/workspaces/:id/zip')
export class ZipController {
  constructor(
    private readonly access: WorkspaceAccess,
    private readonly past: WorkspacePast,
    private readonly files: RecordedFiles,
  ) {}

  /** Written while it is sent: one file at a time is in memory. Names are UTF-8; times are those of the last changes. */
  @Get()
  @Access('workspace.see')
  @Limited('file-operations-a-minute')
  @ApiOkResponse({
    description: 'The files as a ZIP archive.',
    content: { 'application/zip': { schema: { type: 'string', format: 'binary' } } },
  })
  @Asks(ZipQueryDto)
  async get(
    @Person() person: Principal,
    @PathId('id') id: string,
    @Query() query: ZipQueryDto,
    @Req() _request: Request,
    @Res() response: Response,
  ): Promise<void> {
    const { workspace } = await this.access.require(person, id, 'see');
    const tree = await this.past.tree(workspace.id, query.at);
    const folder = query.folder?.normalize('NFC');
    const { entries, folders } = chosen(tree, folder, query.files?.split(','));
    const name = `${(folder ?? workspace.name).split('/').at(-1) ?? 'files'}.zip`;
    response.set({
      'Content-Type': 'application/zip',
      'Content-Disposition': `attachment; ${fileName(name)}`,
      'X-Content-Type-Options': 'nosniff',
      'Content-Security-Policy': "sandbox; default-src 'none'",
      'Cache-Control': 'private, no-store, no-transform',
    });
    const zip = new ZipFile();
    for (const path of folders) zip.addEmptyDirectory(path, { mtime: tree.since });
    for (const entry of entries) await this.#add(zip, entry, tree);
    zip.end();
    const out = zip.outputStream as Readable;
    zip.on('error', (error: Error) => out.destroy(error));
    await sendStream(response, out);
  }

  async #add(zip: ZipFile, { path, file, isBinary }: Entry, { instant, since, created }: TreeThen): Promise<void> {
    const revision = instant ? await this.files.revisionAt(file, instant) : await this.files.revisionNow(file);
    const last = revision === null ? undefined : await this.files.eventAt(file, revision);
    const mtime = last?.recordedAt ?? created.get(file)?.at ?? since;
    const read = () => this.#bytes(file, isBinary, revision);
    zip.addReadStreamLazy(path, { mtime, compress: !isBinary }, (ready) =>
      ready(null, Readable.from(read(), { objectMode: false })),
    );
  }

  async *#bytes(file: FileId, isBinary: boolean, revision: bigint | null): AsyncGenerator<Uint8Array> {
    const content = await this.files.at(file, isBinary ? 'binary' : 'text', revision);
    if (content.kind === 'text') {
      if (content.text !== '') yield Buffer.from(content.text, 'utf8');
      return;
    }
    let sent = 0;
    for await (const piece of this.files.blobs.read(content.sha256, 0, content.size)) {
      sent += piece.byteLength;
      yield piece;
    }
    if (sent !== content.size) throw new Error(`the blob ${content.sha256} is not there: restore the blobs`);
  }
}

/** Within a folder the paths begin with its own name. Throws Rejected for what is not there. */
function chosen({ state }: TreeThen, folder: string | undefined, ids: readonly string[] | undefined) {
  const wanted = ids && new Set(ids);
  const cut = folder === undefined ? 0 : folder.lastIndexOf('/') + 1;
  const isIn = (path: string) => folder === undefined || (path !== folder && isWithin(path, folder));
  const entries: Entry[] = [...state.files]
    .filter(([file, path]) => isIn(path) && (wanted?.has(file) ?? true))
    .map(([file, path]) => ({ path: path.slice(cut), file: asId<FileId>(file), isBinary: state.binary.has(file) }))
    .sort((a, b) => (a.path < b.path ? -1 : 1));
  const made = wanted ? [] : [...state.folders].filter((path) => folder === undefined || isWithin(path, folder));
  const missing = wanted && entries.length < wanted.size;
  if (missing || (folder !== undefined && entries.length === 0 && made.length === 0))
    throw new Rejected({ code: 'not-found', message: 'Not all of that is in this workspace at that time.' });
  return { entries, folders: made.map((path) => path.slice(cut)).sort() };
}
