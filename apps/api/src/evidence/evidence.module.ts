import { Global, Module } from '@nestjs/common';
import { EventProofs, Evidence } from '@palimpsest/evidence';
import type pg from 'pg';
import { POOL } from '../platform/tokens.js';
import { CheckpointSigning } from './checkpoint-signing.js';
import { EvidenceController } from './evidence.controller.js';
import { EvidenceFollower } from './evidence-follower.js';

/** Proofs are for every feature that gives something away: hand-ins, exports. */
@Global()
@Module({
  controllers: [EvidenceController],
  providers: [
    { provide: Evidence, inject: [POOL], useFactory: (pool: pg.Pool) => new Evidence(pool) },
    { provide: EventProofs, inject: [Evidence], useFactory: (evidence: Evidence) => new EventProofs(evidence) },
    CheckpointSigning,
    EvidenceFollower,
  ],
  exports: [Evidence, EventProofs, CheckpointSigning, EvidenceFollower],
})
export class EvidenceModule {}
