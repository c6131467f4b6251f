import { Module } from '@nestjs/common';
import { CollaborationModule } from '../collaboration/collaboration.module.js';
import { CoursesModule } from '../courses/courses.module.js';
import { FiguresController } from './figures.controller.js';
import { RegisterWatch } from './register-watch.js';
import { RunAccess } from './run-access.js';
import { RunGateway } from './run.gateway.js';
import { RunPlaces } from './run-places.js';
import { RunQueue } from './run-queue.js';
import { RunWaits } from './run-waits.js';
import { RunsController } from './runs.controller.js';

@Module({
  imports: [CollaborationModule, CoursesModule],
  controllers: [RunsController, FiguresController],
  providers: [RunAccess, RunGateway, RegisterWatch, RunQueue, RunPlaces, RunWaits],
  exports: [RunAccess, RunQueue, RunPlaces],
})
export class RunsModule {}
