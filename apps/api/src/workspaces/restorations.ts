import { Injectable } from '@nestjs/common';
import {
  asId,
  type FileId,
  streamOf,
  type WorkspaceCommand,
  workspaceDecider,
  type WorkspaceId,
} from '@palimpsest/domain';
import type { WorkspaceRow } from '@palimpsest/projections';
import { CommandHandler } from '../commands/command-handler.js';
import type { CommandContext } from '../commands/context.js';
import type { Holding } from './quota-account.js';
import { RecordedFiles } from './recorded-content.js';
import { WorkspaceQuota } from './workspace-quota.js';

type Restoration = Extract<WorkspaceCommand, { kind: 'restoreFile' | 'restoreFolder' }>;

/** Brings deleted files back, which count against the quota again. */
@Injectable()
export class Restorations {
  constructor(
    private readonly commands: CommandHandler,
    private readonly quota: WorkspaceQuota,
    private readonly files: RecordedFiles,
  ) {}

  /** Returns the position that was written, null if all was there already. */
  async restore(workspace: WorkspaceRow, command: Restoration, context: CommandContext): Promise<string | null> {
    return this.quota.within(workspace, async (admit) => {
      const stream = streamOf.workspace(asId<WorkspaceId>(workspace.id));
      const { state } = await this.commands.load(stream, workspaceDecider);
      const decision = workspaceDecider.decide(command, state);
      const back = decision.accepted ? decision.events : [];
      const holdings = new Map<FileId, Holding>();
      for (const event of back)
        if (event.type === 'FileRestored')
          holdings.set(
            event.data.file,
            await this.files.holding(event.data.file, state.binary.has(event.data.file) ? 'binary' : 'text'),
          );
      await admit(holdings);
      return (await this.commands.execute(stream, workspaceDecider, command, context)).position;
    });
  }
}
