import { Inject, Injectable } from '@nestjs/common';
import { RecordedDocuments } from '@palimpsest/documents';
import {
  asId,
  CONTENT_STORED,
  type CopiedFile,
  type FileId,
  type ItemId,
  readEvent,
  streamOf,
  workspaceDecider,
  type WorkspaceId,
  type WorkspaceOpened,
  type WorkspaceState,
} from '@palimpsest/domain';
import { type EventStore, type Position, WrongExpectedVersion } from '@palimpsest/event-store';
import { CommandHandler, newEvents } from '../commands/command-handler.js';
import type { CommandContext } from '../commands/context.js';
import { Rejected } from '../commands/rejected.js';
import { derivedId } from '../platform/derived-id.js';
import { EVENT_STORE } from '../platform/tokens.js';
import { writeFirstText } from '../workspaces/file-content.js';

export interface CopyRequest {
  readonly from: WorkspaceId;
  readonly workspace: WorkspaceOpened['data'];
  /** What it is a copy of, to be recorded. */
  readonly item?: ItemId;
  /** Path in the copy of a file with this path; undefined: it is left out. */
  readonly pathOf?: (path: string) => string | undefined;
}

/** Files that are copied at the same time. */
const AT_ONCE = 8;

/**
 * Opens workspaces with copies of the files of others. Theory of operation.
 *
 * The contents are written first, into streams whose ids follow from the copy, the file and the revision that is copied; then
 * one append opens the workspace with all of them and says what each was. Before it there is no workspace, after it there is
 * all of it. Who was cut off in between and begins again either finds the contents that it wrote, or, where a file has been
 * changed meanwhile, writes others and leaves the first unreferred to. Of two who open the same copy at the same time, one
 * append wins and the other finds it done.
 */
@Injectable()
export class WorkspaceCopies {
  constructor(
    private readonly commands: CommandHandler,
    private readonly documents: RecordedDocuments,
    @Inject(EVENT_STORE) private readonly store: EventStore,
  ) {}

  /** Returns a place in the log at which it is there, whoever opened it. Throws Rejected where nothing is to be copied. */
  async open(
    { from, workspace, item, pathOf = (path) => path }: CopyRequest,
    context: CommandContext,
  ): Promise<Position> {
    const stream = streamOf.workspace(workspace.id);
    const there = await this.#lastPlace(stream);
    if (there !== undefined) return there;
    const { state, expected } = await this.commands.load(streamOf.workspace(from), workspaceDecider);
    if (typeof expected !== 'bigint') throw new Rejected({ code: 'not-found', message: 'There is no such workspace.' });
    const files = await this.#copyFiles(state, workspace.id, pathOf, context);
    if (files.length === 0)
      throw new Rejected({ code: 'invalid-value', message: 'There are no files here that could be copied.' });
    const revision = String(expected);
    const folders = [...state.folders].flatMap((folder) => placeOfFolder(folder, pathOf));
    const command = { kind: 'openCopy', workspace, from, revision, files, folders, ...(item && { item }) } as const;
    try {
      const { position } = await this.commands.execute(stream, workspaceDecider, command, context);
      if (position !== null) return position;
    } catch (error) {
      if (!(error instanceof Rejected && error.rejection.code === 'already-exists')) throw error;
    }
    const opened = await this.#lastPlace(stream);
    if (opened === undefined) throw new Error(`${stream} was opened and is not there`);
    return opened;
  }

  async #lastPlace(stream: string): Promise<Position | undefined> {
    if ((await this.store.streamInfo(stream)).revision === undefined) return undefined;
    for await (const event of this.store.readStream(stream, { direction: 'backwards', limit: 1 }))
      return event.position;
    return undefined;
  }

  async #copyFiles(
    { files, binary }: WorkspaceState,
    to: WorkspaceId,
    pathOf: NonNullable<CopyRequest['pathOf']>,
    context: CommandContext,
  ): Promise<CopiedFile[]> {
    const waiting = [...files].flatMap(([from, path]) => {
      const chosen = pathOf(path);
      return chosen === undefined ? [] : [{ from, path: chosen }];
    });
    const copied: CopiedFile[] = [];
    const work = async () => {
      for (let next = waiting.shift(); next; next = waiting.shift()) {
        const { from, path } = next;
        const { revision = null } = await this.store.streamInfo(streamOf.file(from));
        const file = asId<FileId>(derivedId(`copy ${to} of ${from} at ${revision}`));
        const kind = binary.has(from) ? ('binary' as const) : ('text' as const);
        if (revision !== null) await this.#writeUnlessThere(kind, from, revision, file, { ...context, file });
        copied.push({ file, path, kind, from, revision: revision === null ? null : String(revision) });
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, work));
    return copied.sort((a, b) => (a.path < b.path ? -1 : 1));
  }

  async #writeUnlessThere(
    kind: CopiedFile['kind'],
    from: FileId,
    revision: bigint,
    file: FileId,
    context: CommandContext,
  ): Promise<void> {
    try {
      if (kind === 'text')
        return await writeFirstText(this.store, file, await this.documents.textAt(from, revision), context);
      for await (const recorded of this.store.readStream(streamOf.file(from), { from: revision, limit: 1 })) {
        if (recorded.type !== CONTENT_STORED) continue;
        const event = readEvent(recorded);
        await this.store.append(streamOf.file(file), newEvents([event], context), { expected: 'noStream' });
      }
    } catch (error) {
      // It was written by an earlier attempt, or by somebody who opens the same copy now: from the same revision.
      if (!(error instanceof WrongExpectedVersion)) throw error;
    }
  }
}

/** Where a folder goes shows in where something in it would go; nowhere, if that is the copy itself. */
function placeOfFolder(folder: string, pathOf: NonNullable<CopyRequest['pathOf']>): string[] {
  const inside = pathOf(`${folder}/-`);
  return inside === undefined || inside === '-' ? [] : [inside.slice(0, -'/-'.length)];
}
