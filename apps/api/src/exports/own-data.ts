import { Readable } from 'node:stream';
import { Inject, Injectable } from '@nestjs/common';
import { asId, type FileId } from '@palimpsest/domain';
import type { EventStore } from '@palimpsest/event-store';
import { EventLines, sharedWithSubject, sourcesOfWork } from '@palimpsest/exports';
import { ExportQueries } from '@palimpsest/projections';
import type { ZipFile } from 'yazl';
import { EVENT_STORE } from '../platform/tokens.js';
import { RecordedFiles } from '../workspaces/recorded-content.js';
import { WorkspacePast } from '../workspaces/workspace-past.js';
import type { MadeExport } from './export-desk.js';
import { zippedExport } from './zipped-export.js';

type Work = Awaited<ReturnType<ExportQueries['workOf']>>;

/** Everything that there is of one person, for that person: docs/EXPORTS.md says what of others is in it. */
@Injectable()
export class OwnData {
  constructor(
    private readonly queries: ExportQueries,
    private readonly past: WorkspacePast,
    private readonly files: RecordedFiles,
    @Inject(EVENT_STORE) private readonly store: EventStore,
  ) {}

  async of(person: string, signal: AbortSignal): Promise<MadeExport> {
    const [work, acted] = await Promise.all([this.queries.workOf(person), this.queries.streamsOf(person)]);
    const ownWork = sourcesOfWork(work);
    const own = new Set([...ownWork.map(({ stream }) => stream), `user-${person}`]);
    const sources = [
      ...ownWork,
      { stream: `user-${person}`, since: new Date(0) },
      ...acted.filter(({ stream }) => !own.has(stream)),
    ];
    const share = sharedWithSubject(person, own);
    const lines = new EventLines({ store: this.store, sources, share, query: { of: `person ${person}` }, signal });
    return zippedExport(
      'events.jsonl',
      lines.lines(),
      () => lines.count,
      async (zip) => {
        await this.#addWork(zip, work);
        zip.addBuffer(Buffer.from(JSON.stringify(await lines.manifest(), null, 2)), 'manifest.json');
      },
    );
  }

  /** The files of the person's own workspaces as they are now, in a folder for each. */
  async #addWork(zip: ZipFile, { workspaces }: Work): Promise<void> {
    const taken = new Set<string>();
    for (const { id, name } of workspaces) {
      const plain = name.replaceAll(/[/\\]/g, '-');
      const folder = taken.has(plain) ? `${plain} (${id.slice(0, 8)})` : plain;
      taken.add(plain);
      const { state } = await this.past.tree(id);
      for (const [file, path] of state.files)
        this.#addFile(zip, asId<FileId>(file), `work/${folder}/${path}`, state.binary.has(file) ? 'binary' : 'text');
    }
  }

  #addFile(zip: ZipFile, file: FileId, path: string, kind: 'binary' | 'text'): void {
    const read = () => this.#bytes(file, kind);
    zip.addReadStreamLazy(path, {}, (ready) => ready(null, Readable.from(read(), { objectMode: false })));
  }

  async *#bytes(file: FileId, kind: 'binary' | 'text'): AsyncGenerator<Uint8Array> {
    const content = await this.files.at(file, kind, await this.files.revisionNow(file));
    if (content.kind === 'binary') yield* this.files.blobs.read(content.sha256, 0, content.size);
    else if (content.text !== '') yield Buffer.from(content.text);
  }
}
