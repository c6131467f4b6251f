import { Module } from '@nestjs/common';
import { RunAccess } from './run-access.js';
import { RunGateway } from './run.gateway.js';
import { RunQueue } from './run-queue.js';
import { RunsController } from './runs.controller.js';

@Module({ controllers: [RunsController], providers: [RunAccess, RunGateway, RunQueue], exports: [RunQueue] })
export class RunsModule {}
