import { Module } from '@nestjs/common';
import { HealthController } from './health.controller.js';
import { RunsModule } from '../runs/runs.module.js';
import { WriteBackModule } from '../write-back/write-back.module.js';
import { SandboxReport } from './sandbox-report.js';

@Module({ imports: [RunsModule, WriteBackModule], controllers: [HealthController], providers: [SandboxReport] })
export class HealthModule {}
