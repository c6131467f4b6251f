import { DocSnapshots } from '@palimpsest/documents';
import { Module } from '@nestjs/common';
import type { EventStore } from '@palimpsest/event-store';
import { EVENT_STORE } from '../platform/tokens.js';
import { ReplayFiles } from '../replay/replay-files.js';
import { ReplayModule } from '../replay/replay.module.js';
import { CollabGateway } from './collab.gateway.js';
import { AwarenessExchange } from './awareness-exchange.js';
import { PersonLimits } from './person-limits.js';
import { Rooms } from './rooms.js';

const rooms = {
  provide: Rooms,
  inject: [EVENT_STORE, DocSnapshots, AwarenessExchange, ReplayFiles],
  useFactory: (store: EventStore, snapshots: DocSnapshots, exchange: AwarenessExchange, replay: ReplayFiles) =>
    new Rooms(store, {
      snapshots,
      channelOf: (file) => exchange.channelOf(file),
      onSnapshot: (file) => replay.makeAhead(file),
    }),
};

@Module({
  imports: [ReplayModule],
  providers: [rooms, AwarenessExchange, PersonLimits, CollabGateway],
  exports: [PersonLimits],
})
export class CollaborationModule {}
