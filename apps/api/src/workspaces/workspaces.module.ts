import { Module } from '@nestjs/common';
import { ContentController } from './content.controller.js';
import { FileCopies } from './file-copies.js';
import { FileWriter } from './file-writer.js';
import { FoldersController } from './folders.controller.js';
import { RecordedFiles } from './recorded-content.js';
import { Restorations } from './restorations.js';
import { TrashController } from './trash.controller.js';
import { UploadsController } from './uploads.controller.js';
import { WorkspacePast } from './workspace-past.js';
import { WorkspaceQuota } from './workspace-quota.js';
import { WorkspacesController } from './workspaces.controller.js';
import { ZipController } from './zip.controller.js';

@Module({
  controllers: [
    ...[WorkspacesController, ContentController, FoldersController, TrashController, UploadsController],
    ZipController,
  ],
  providers: [WorkspacePast, RecordedFiles, WorkspaceQuota, FileWriter, FileCopies, Restorations],
  exports: [WorkspaceQuota, FileWriter, WorkspacePast, RecordedFiles],
})
export class WorkspacesModule {}
