import { Module } from '@nestjs/common';
import { CoursesModule } from '../courses/courses.module.js';
import { FiguresController } from './figures.controller.js';
import { RunAccess } from './run-access.js';
import { RunGateway } from './run.gateway.js';
import { RunQueue } from './run-queue.js';
import { RunsController } from './runs.controller.js';

@Module({
  imports: [CoursesModule],
  controllers: [RunsController, FiguresController],
  providers: [RunAccess, RunGateway, RunQueue],
  exports: [RunQueue],
})
export class RunsModule {}
