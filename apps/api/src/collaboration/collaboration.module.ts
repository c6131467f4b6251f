import { Logger, Module } from '@nestjs/common';
import type { EventStore } from '@palimpsest/event-store';
import type pg from 'pg';
import { EVENT_STORE, POOL } from '../platform/tokens.js';
import { CollabGateway } from './collab.gateway.js';
import { AwarenessExchange } from './awareness-exchange.js';
import { PersonLimits } from './person-limits.js';
import { Rooms } from './rooms.js';
import { DocSnapshots } from './snapshots/doc-snapshots.js';
import { PostgresSnapshotStore } from './snapshots/postgres-snapshot-store.js';
import { warmUp } from './snapshots/warm-up.js';

const docSnapshots = {
  provide: DocSnapshots,
  inject: [EVENT_STORE, POOL],
  useFactory: (store: EventStore, pool: pg.Pool) => {
    warmUp();
    const log = new Logger(DocSnapshots.name);
    return new DocSnapshots(store, new PostgresSnapshotStore(pool), (sentence) => log.warn(sentence));
  },
};

const rooms = {
  provide: Rooms,
  inject: [EVENT_STORE, DocSnapshots, AwarenessExchange],
  useFactory: (store: EventStore, snapshots: DocSnapshots, exchange: AwarenessExchange) =>
    new Rooms(store, { snapshots, channelOf: (file) => exchange.channelOf(file) }),
};

@Module({ providers: [docSnapshots, rooms, AwarenessExchange, PersonLimits, CollabGateway] })
export class CollaborationModule {}
