import { Module } from '@nestjs/common';
import { WorkspacesModule } from '../workspaces/workspaces.module.js';
import { ExportAccess } from './export-access.js';
import { ExportDesk } from './export-desk.js';
import { ExportsController } from './exports.controller.js';
import { OwnData } from './own-data.js';

@Module({
  imports: [WorkspacesModule],
  controllers: [ExportsController],
  providers: [ExportDesk, ExportAccess, OwnData],
})
export class ExportsModule {}
