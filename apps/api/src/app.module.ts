import { Module } from '@nestjs/common';
import { ActivityModule } from './activity/activity.module.js';
import { AuditModule } from './audit/audit.module.js';
import { AuthModule } from './auth/auth.module.js';
import { CollaborationModule } from './collaboration/collaboration.module.js';
import { CommandsModule } from './commands/commands.module.js';
import { CoursesModule } from './courses/courses.module.js';
import { EvidenceModule } from './evidence/evidence.module.js';
import { ExportsModule } from './exports/exports.module.js';
import { HealthModule } from './health/health.module.js';
import { ItemsModule } from './items/items.module.js';
import { LimitsModule } from './limits/limits.module.js';
import { MetricsModule } from './metrics/metrics.module.js';
import { OpenIdModule } from './openid/openid.module.js';
import { PeopleModule } from './people/people.module.js';
import { PlatformModule } from './platform/platform.module.js';
import { PoliciesModule } from './policies/policies.module.js';
import { ReplayModule } from './replay/replay.module.js';
import { RunsModule } from './runs/runs.module.js';
import { ServiceMetricsModule } from './service-metrics/service-metrics.module.js';
import { SystemModule } from './system/system.module.js';
import { WorkspacesModule } from './workspaces/workspaces.module.js';
import { WriteBackModule } from './write-back/write-back.module.js';

@Module({
  imports: [
    PlatformModule,
    CommandsModule,
    AuthModule,
    PoliciesModule,
    AuditModule,
    EvidenceModule,
    LimitsModule,
    HealthModule,
    CoursesModule,
    ItemsModule,
    PeopleModule,
    OpenIdModule,
    WorkspacesModule,
    CollaborationModule,
    RunsModule,
    WriteBackModule,
    ReplayModule,
    ExportsModule,
    MetricsModule,
    ServiceMetricsModule,
    ActivityModule,
    SystemModule,
  ],
})
export class AppModule {}
