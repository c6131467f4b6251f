import { Module } from '@nestjs/common';
import { HealthController } from './health.controller.js';
import { SandboxReport } from './sandbox-report.js';

@Module({ controllers: [HealthController], providers: [SandboxReport] })
export class HealthModule {}
