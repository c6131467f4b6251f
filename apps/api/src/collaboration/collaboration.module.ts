import { DocSnapshots } from '@palimpsest/documents';
import { Module } from '@nestjs/common';
import type { EventStore } from '@palimpsest/event-store';
import { EVENT_STORE } from '../platform/tokens.js';
import { ServiceMeters } from '../service-metrics/service-meters.js';
import { ReplayFiles } from '../replay/replay-files.js';
import { ReplayModule } from '../replay/replay.module.js';
import { CollabGateway } from './collab.gateway.js';
import { ConnectionRecords } from './connection-records.js';
import { AwarenessExchange } from './awareness-exchange.js';
import { PersonLimits } from './person-limits.js';
import { Rooms } from './rooms.js';

const rooms = {
  provide: Rooms,
  inject: [EVENT_STORE, DocSnapshots, AwarenessExchange, ServiceMeters, ReplayFiles],
  useFactory: (
    store: EventStore,
    snapshots: DocSnapshots,
    exchange: AwarenessExchange,
    meters: ServiceMeters,
    replay: ReplayFiles,
  ) =>
    new Rooms(store, {
      snapshots,
      channelOf: (file) => exchange.channelOf(file),
      onAcknowledged: (ms) => meters.editAcknowledged.observe({}, ms / 1000),
      onSnapshot: (file) => replay.makeAhead(file),
    }),
};

@Module({
  imports: [ReplayModule],
  providers: [rooms, AwarenessExchange, PersonLimits, ConnectionRecords, CollabGateway],
  exports: [PersonLimits, Rooms],
})
export class CollaborationModule {}
