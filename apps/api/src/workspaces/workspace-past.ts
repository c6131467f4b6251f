import { Inject, Injectable } from '@nestjs/common';
import {
  asId,
  type DeletionId,
  type FileId,
  readEvent,
  readMetadata,
  streamOf,
  workspaceDecider,
  type WorkspaceEvent,
  type WorkspaceId,
  type WorkspaceState,
} from '@palimpsest/domain';
import { type EventStore, type RecordedEvent, StreamNotFound } from '@palimpsest/event-store';
import { invalidRequest, Problem } from '../platform/problem.js';
import { EVENT_STORE } from '../platform/tokens.js';

/** How far the clock of another node may be ahead, milliseconds. */
const SKEW_MS = 1_000;

/** What happened to something last, and who did it. */
export interface Done {
  readonly at: Date;
  readonly by: string;
}

/** The tree of a workspace after one of its events. */
export interface TreeThen {
  readonly state: WorkspaceState;
  /** Of that event. */
  readonly revision: bigint;
  readonly since: Date;
  /** What counts of other streams: everything up to and with this instant. Undefined: as they are now. */
  readonly instant: Date | undefined;
  readonly created: ReadonlyMap<FileId, Done>;
  /** Of what was deleted, whether it is back by now or not. */
  readonly deleted: ReadonlyMap<FileId | DeletionId, Done>;
}

type Cut = { readonly revision: bigint } | { readonly instant: Date } | undefined;

/** Reads trees of workspaces from the log, as they are and as they were at any instant. */
@Injectable()
export class WorkspacePast {
  constructor(@Inject(EVENT_STORE) private readonly store: EventStore) {}

  /** `at`: an instant or a revision, as a request says it; without it the newest. Throws Problem for one that there was not. */
  async tree(workspace: string, at?: string): Promise<TreeThen> {
    const cut = cutAt(at);
    let state = workspaceDecider.initial;
    let last: RecordedEvent | undefined;
    const created = new Map<FileId, Done>();
    const deleted = new Map<FileId | DeletionId, Done>();
    try {
      for await (const event of this.store.readStream(streamOf.workspace(asId<WorkspaceId>(workspace)))) {
        if (isAfter(event, cut)) break;
        last = event;
        const read = readEvent(event) as WorkspaceEvent;
        state = workspaceDecider.evolve(state, read);
        const done = () => ({ at: event.recordedAt, by: readMetadata(event).actor.id });
        if (read.type === 'FileCreated') created.set(read.data.file, done());
        if (read.type === 'FileDeleted') deleted.set(read.data.file, done());
        if (read.type === 'FolderDeleted') deleted.set(read.data.deletion, done());
      }
    } catch (error) {
      if (!(error instanceof StreamNotFound)) throw error;
    }
    if (!last)
      throw new Problem(404, 'not-yet-opened', 'This workspace had not been opened then: ask for a later time.');
    if (cut && 'revision' in cut && last.revision < cut.revision)
      throw new Problem(
        404,
        'no-such-revision',
        `This workspace has no revision ${cut.revision}; its newest is ${last.revision}.`,
      );
    const instant = cut && ('instant' in cut ? cut.instant : last.recordedAt);
    return { state, revision: last.revision, since: last.recordedAt, instant, created, deleted };
  }
}

function cutAt(at: string | undefined): Cut {
  if (at === undefined) return undefined;
  if (/^\d+$/.test(at)) return { revision: BigInt(at) };
  const instant = new Date(at);
  if (Number.isNaN(instant.getTime())) throw invalidRequest([{ field: 'at', problem: 'is no date that there is' }]);
  if (instant.getTime() > Date.now() + SKEW_MS)
    throw invalidRequest([{ field: 'at', problem: 'lies in the future, which nobody knows yet' }]);
  return { instant };
}

function isAfter({ revision, recordedAt }: RecordedEvent, cut: Cut): boolean {
  if (cut === undefined) return false;
  return 'revision' in cut ? revision > cut.revision : recordedAt > cut.instant;
}
