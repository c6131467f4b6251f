import { Injectable } from '@nestjs/common';
import {
  asId,
  type FileId,
  type NewFile,
  streamOf,
  type WorkspaceCommand,
  workspaceDecider,
  type WorkspaceId,
  type WorkspaceState,
} from '@palimpsest/domain';
import type { WorkspaceRow } from '@palimpsest/projections';
import type { WrittenDto } from '@palimpsest/protocol';
import { CommandHandler } from '../commands/command-handler.js';
import { newId } from '../commands/command-identity.js';
import type { CommandContext } from '../commands/context.js';
import { Rejected } from '../commands/rejected.js';
import { FileWriter } from './file-writer.js';
import type { Holding } from './quota-account.js';
import { RecordedFiles } from './recorded-content.js';
import { WorkspaceQuota } from './workspace-quota.js';

/** A file and where its copy goes. */
export interface Copy {
  readonly from: FileId;
  readonly to: string;
}

export interface Copies {
  readonly files: readonly Copy[];
  readonly folders: readonly string[];
}

/** Copies files within a workspace, with the contents that they have when the copy begins: all of them or none. */
@Injectable()
export class FileCopies {
  constructor(
    private readonly commands: CommandHandler,
    private readonly quota: WorkspaceQuota,
    private readonly files: RecordedFiles,
    private readonly writer: FileWriter,
  ) {}

  /** `choose` says what is copied of the tree as it is; it throws Rejected for what is not there. `id` of the answer is the first file's. */
  async make(
    workspace: WorkspaceRow,
    choose: (state: WorkspaceState) => Copies,
    context: CommandContext,
  ): Promise<WrittenDto> {
    return this.quota.within(workspace, async (admit) => {
      const stream = streamOf.workspace(asId<WorkspaceId>(workspace.id));
      const { state } = await this.commands.load(stream, workspaceDecider);
      const first = asId<FileId>(newId('copy'));
      const planned = plan(choose, state, first);
      if (planned instanceof Rejected) {
        // What is in the way of a repetition is what it made the first time: it finds that, and is answered with it.
        const { position } = await this.commands.execute(stream, workspaceDecider, NOTHING, context);
        if (position === null) throw planned;
        return { id: state.files.has(first) || state.deleted.has(first) ? first : workspace.id, position };
      }
      const holdings = new Map<FileId, Holding>();
      for (const { file, from, kind } of planned.files) holdings.set(file, await this.files.holding(from, kind));
      await admit(holdings);
      for (const { file, from, kind } of planned.files) await this.#copyContent(from, kind, file, { ...context, file });
      const { position } = await this.commands.execute(stream, workspaceDecider, planned.command, context);
      return { id: planned.files[0]?.file ?? workspace.id, position };
    });
  }

  async #content(file: FileId, kind: 'text' | 'binary') {
    const revision = await this.files.revisionNow(file);
    return revision === null ? undefined : this.files.at(file, kind, revision);
  }

  async #copyContent(from: FileId, kind: 'text' | 'binary', to: FileId, context: CommandContext): Promise<void> {
    const content = await this.#content(from, kind);
    if (content?.kind === 'text') await this.writer.writeText(to, content.text, context);
    if (content?.kind === 'binary') await this.writer.storeContent(to, content, context);
  }
}

const NOTHING: WorkspaceCommand = { kind: 'addFiles', files: [], folders: [] };

/** What is to be made, or why it cannot be. */
function plan(choose: (state: WorkspaceState) => Copies, state: WorkspaceState, first: FileId) {
  try {
    const { files: chosen, folders } = choose(state);
    const files = chosen.map(({ from, to }, n) => ({
      ...{ from, to, file: n === 0 ? first : asId<FileId>(newId('copy')) },
      kind: state.binary.has(from) ? ('binary' as const) : ('text' as const),
    }));
    const made = files.map(({ from, to, file, kind }): NewFile => ({ file, path: to, holds: kind, copyOf: from }));
    const command: WorkspaceCommand = { kind: 'addFiles', files: made, folders };
    const decision = workspaceDecider.decide(command, state);
    return decision.accepted ? { files, command } : new Rejected(decision.rejection);
  } catch (error) {
    if (error instanceof Rejected) return error;
    throw error;
  }
}
