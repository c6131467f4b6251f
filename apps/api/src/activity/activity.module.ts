import { Module } from '@nestjs/common';
import { RunsModule } from '../runs/runs.module.js';
import { WorkspacesModule } from '../workspaces/workspaces.module.js';
import { ActivityAccess } from './activity-access.js';
import { RunCode } from './run-code.js';
import { RunCodeController } from './run-code.controller.js';
import { RunHistoryController } from './run-history.controller.js';
import { TimelineController } from './timeline.controller.js';

/** What people have done: timelines, the history of runs, and the code that each ran. */
@Module({
  imports: [RunsModule, WorkspacesModule],
  controllers: [TimelineController, RunHistoryController, RunCodeController],
  providers: [ActivityAccess, RunCode],
})
export class ActivityModule {}
