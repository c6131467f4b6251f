import { Injectable } from '@nestjs/common';
import type { RecordedEvent } from '@palimpsest/event-store';
import { EventProofs } from '@palimpsest/evidence';
import type { EventProofDto } from '@palimpsest/protocol';
import { CheckpointSigning } from '../evidence/checkpoint-signing.js';
import { Problem } from '../platform/problem.js';

/** Proofs of hand-ins. A checkpoint is signed right after each, so who asks at once waits a moment. */
@Injectable()
export class ReceiptProofs {
  constructor(
    private readonly proofs: EventProofs,
    private readonly signing: CheckpointSigning,
  ) {}

  /** The proof with the event in it. Throws Problem where nothing is signed, or not yet. */
  async of(event: RecordedEvent): Promise<EventProofDto> {
    const proof = this.signing.canSign
      ? await this.signing.soon(() => this.proofs.withContent(event))
      : await this.proofs.withContent(event);
    if (proof) return { ...proof, hashes: [...proof.hashes], keys: [...proof.keys] };
    throw new Problem(404, 'no-checkpoints', 'This installation signs no checkpoints, so there is no proof to give.');
  }
}
