import { Module } from '@nestjs/common';
import type { EventStore } from '@palimpsest/event-store';
import type pg from 'pg';
import type { Configuration } from '../configuration.js';
import { CONFIGURATION, EVENT_STORE, POOL } from '../platform/tokens.js';
import { ServiceMetricsModule } from '../service-metrics/service-metrics.module.js';
import { SystemController } from './system.controller.js';
import { SystemState } from './system-state.js';

@Module({
  imports: [ServiceMetricsModule],
  controllers: [SystemController],
  providers: [
    {
      provide: SystemState,
      inject: [EVENT_STORE, POOL, CONFIGURATION],
      useFactory: (store: EventStore, pool: pg.Pool, { eventStoreUrl }: Configuration) =>
        new SystemState(store, pool, eventStoreUrl === undefined ? 'Postgres' : 'KurrentDB'),
    },
  ],
})
export class SystemModule {}
