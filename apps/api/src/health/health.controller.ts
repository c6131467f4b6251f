import { Controller, Get, Inject } from '@nestjs/common';
import type { EventStore } from '@palimpsest/event-store';
import { ReadModels } from '@palimpsest/projections';
import { HealthDto } from '@palimpsest/protocol';
import { EvidenceFollower } from '../evidence/evidence-follower.js';
import { Public } from '../auth/auth.guard.js';
import { Answers } from '../platform/api-description.js';
import { EVENT_STORE } from '../platform/tokens.js';
import { VERSION } from '../version.js';
import { RunPlaces } from '../runs/run-places.js';
import { RunQueue } from '../runs/run-queue.js';
import { WriteBack } from '../write-back/write-back.js';
import { Access } from '../policies/access.js';
import { SandboxReport } from './sandbox-report.js';

@Controller('api/health')
export class HealthController {
  constructor(
    private readonly readModels: ReadModels,
    private readonly sandbox: SandboxReport,
    private readonly runQueue: RunQueue,
    private readonly writeBack: WriteBack,
    private readonly runPlaces: RunPlaces,
    private readonly evidence: EvidenceFollower,
    @Inject(EVENT_STORE) private readonly store: EventStore,
  ) {}

  @Public()
  @Get()
  @Access('open')
  @Answers(HealthDto)
  async get(): Promise<HealthDto> {
    const eventStore = await this.store.head().then(
      () => true,
      () => false,
    );
    const faults = [
      ...[...this.readModels.faults(), ...this.runQueue.faults(), ...this.writeBack.faults()],
      ...this.evidence.faults(),
    ];
    const queue = await this.runPlaces.report().catch(() => undefined);
    const { level, reason } = this.sandbox.current;
    return {
      ok: eventStore && faults.length === 0,
      version: VERSION,
      sandbox: level,
      sandboxReason: reason,
      eventStore,
      faults,
      executors: queue?.executors ?? null,
      runsWaiting: queue?.waiting ?? null,
      runsHeldUp: queue?.hold ?? null,
    };
  }
}
