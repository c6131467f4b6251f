import { createHash } from 'node:crypto';
import { Inject, Injectable } from '@nestjs/common';
import {
  asId,
  deadlineOf,
  digestText,
  type FileId,
  type HandedInFile,
  isLate,
  type ItemId,
  lockOf,
  readEvent,
  type Schedule,
  streamOf,
  type UserId,
  type WorkHandedIn,
  workspaceDecider,
  type WorkspaceId,
} from '@palimpsest/domain';
import { type EventStore, type RecordedEvent, WrongExpectedVersion } from '@palimpsest/event-store';
import { CommandHandler } from '../commands/command-handler.js';
import { newId } from '../commands/command-identity.js';
import type { CommandContext } from '../commands/context.js';
import { EVENT_STORE } from '../platform/tokens.js';
import { FileContents } from './file-contents.js';

/** What was handed in, as the log has it. */
export interface HandedIn {
  /** Id of the event: the receipt. */
  readonly receipt: string;
  readonly data: WorkHandedIn['data'];
}

/** Lost races against those who make, move and delete files meanwhile. */
const MAX_ATTEMPTS = 20;

/** SHA-256 of what a receipt vouches for. */
export function digestOf(files: readonly Pick<HandedInFile, 'path' | 'sha256'>[]): string {
  return createHash('sha256').update(digestText(files)).digest('hex');
}

/**
 * Hands work in: records the exact contents of a copy. The files are looked at and hashed first, then the time is taken, then
 * the event is appended at the revision of the tree that was looked at; so the receipt names one state of the tree, and the
 * revision of each file in it, whatever is typed at the same time. What is typed later is not in it.
 */
@Injectable()
export class HandIns {
  constructor(
    private readonly commands: CommandHandler,
    private readonly contents: FileContents,
    @Inject(EVENT_STORE) private readonly store: EventStore,
  ) {}

  /** Throws Rejected after the lock, and for a workspace without files. `schedule`: of those whose work it is. */
  async handIn(
    workspace: WorkspaceId,
    item: ItemId,
    by: UserId,
    schedule: Schedule,
    context: CommandContext,
  ): Promise<{ readonly handedIn: HandedIn; readonly position: string | null }> {
    const stream = streamOf.workspace(workspace);
    const receipt = newId('receipt');
    const ids = { repeatable: true, at: () => receipt };
    for (let attempt = 1; ; attempt++) {
      const { state, expected, repeated } = await this.commands.load(stream, workspaceDecider, ids);
      const before = repeated?.events.find((event) => event.type === 'WorkHandedIn');
      if (repeated && before) return { handedIn: { receipt, data: before.data }, position: repeated.position };
      const files = await Promise.all([...state.files].map(([file, path]) => this.#fileNow(file, path, state.binary)));
      const at = Date.now();
      const command = {
        kind: 'handIn',
        ...{ item, by, at, files, late: isLate(schedule, at), digest: digestOf(files) },
        ...{ deadline: deadlineOf(schedule), lock: lockOf(schedule) },
      } as const;
      try {
        const done = await this.commands.decideOn(stream, workspaceDecider, command, state, expected, context, ids);
        const { kind: _, lock: __, ...data } = command;
        return { handedIn: { receipt, data }, position: done.position };
      } catch (error) {
        if (!(error instanceof WrongExpectedVersion) || attempt >= MAX_ATTEMPTS) throw error;
      }
    }
  }

  /** What a receipt vouches for, by its place; undefined if it is not there. */
  async read(workspace: WorkspaceId, revision: bigint, receipt: string): Promise<HandedIn | undefined> {
    const recorded = await this.event(workspace, revision, receipt);
    const event = recorded && readEvent(recorded);
    return event?.type === 'WorkHandedIn' ? { receipt, data: event.data } : undefined;
  }

  /** The event of a receipt as it was recorded. */
  async event(workspace: WorkspaceId, revision: bigint, receipt: string): Promise<RecordedEvent | undefined> {
    for await (const recorded of this.store.readStream(streamOf.workspace(workspace), { from: revision, limit: 1 }))
      if (recorded.type === 'WorkHandedIn' && recorded.id === receipt) return recorded;
    return undefined;
  }

  /** Whether the log gives exactly the contents that the receipt vouches for. */
  async verify({ data }: HandedIn): Promise<boolean> {
    const files = await Promise.all(
      data.files.map(async ({ file, path, kind, revision }) => ({
        path,
        ...(await this.contents.at(file, kind, revision === null ? null : BigInt(revision))),
      })),
    );
    return digestOf(files) === data.digest;
  }

  async #fileNow(file: FileId, path: string, binary: ReadonlySet<FileId>): Promise<HandedInFile> {
    const kind = binary.has(file) ? 'binary' : 'text';
    const revision = await this.contents.revisionOf(file);
    const { sha256, size } = await this.contents.at(file, kind, revision);
    return {
      file: asId<FileId>(file),
      path,
      kind,
      revision: revision === null ? null : String(revision),
      sha256,
      size,
    };
  }
}
