import { Module } from '@nestjs/common';
import type pg from 'pg';
import { POOL } from '../platform/tokens.js';
import { WorkspacesModule } from '../workspaces/workspaces.module.js';
import { CourseTexts } from './course-texts.js';
import { HistoryAccess } from './history-access.js';
import { HistoryRuns } from './history-runs.js';
import { HistoryController } from './history.controller.js';
import { MomentsController } from './moments.controller.js';
import { PasteOrigins } from './paste-origins.js';
import { ReplayFiles } from './replay-files.js';
import { ReplayStore } from './replay-store.js';

@Module({
  imports: [WorkspacesModule],
  controllers: [HistoryController, MomentsController],
  providers: [
    { provide: ReplayStore, inject: [POOL], useFactory: (pool: pg.Pool) => new ReplayStore(pool) },
    ...[ReplayFiles, HistoryAccess, HistoryRuns, CourseTexts, PasteOrigins],
  ],
  exports: [ReplayFiles, HistoryRuns],
})
export class ReplayModule {}
