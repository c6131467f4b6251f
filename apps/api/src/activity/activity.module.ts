import { Module } from '@nestjs/common';
import { ReplayModule } from '../replay/replay.module.js';
import { RunsModule } from '../runs/runs.module.js';
import { WorkspacesModule } from '../workspaces/workspaces.module.js';
import { ActivityAccess } from './activity-access.js';
import { RunCode } from './run-code.js';
import { RunCodeController } from './run-code.controller.js';
import { RunHistoryController } from './run-history.controller.js';
import { RunTimelineController } from './run-timeline.controller.js';
import { TimelineController } from './timeline.controller.js';

/** What people have done: timelines, the history of runs, and the code that each ran. */
@Module({
  imports: [ReplayModule, RunsModule, WorkspacesModule],
  controllers: [TimelineController, RunHistoryController, RunCodeController, RunTimelineController],
  providers: [ActivityAccess, RunCode],
})
export class ActivityModule {}
