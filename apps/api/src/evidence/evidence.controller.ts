import { Controller, ForbiddenException, Get, Inject, NotFoundException, Post, Query, Req, Res } from '@nestjs/common';
import {
  type EventStore,
  type Position,
  type RecordedEvent,
  StreamDeleted,
  StreamNotFound,
} from '@palimpsest/event-store';
import { EventProofs, Evidence, type EvidenceState, type StoredCheckpoint } from '@palimpsest/evidence';
import {
  CheckpointDto,
  ConsistencyProofDto,
  ConsistencyQueryDto,
  EventProofDto,
  EventProofQueryDto,
  EvidenceDto,
  type EvidenceStateName,
  PageQueryDto,
} from '@palimpsest/protocol';
import type { Request, Response } from 'express';
import { addressOf } from '../auth/address.js';
import { Person } from '../auth/auth.guard.js';
import { contextOf, type Principal } from '../auth/principal.js';
import type { Configuration } from '../configuration.js';
import { Answers, Asks } from '../platform/api-description.js';
import { decodeCursor, linkNext, pageOf } from '../platform/paging.js';
import { invalidRequest, Problem } from '../platform/problem.js';
import { CONFIGURATION, EVENT_STORE } from '../platform/tokens.js';
import { Access } from '../policies/access.js';
import { mayProveEvents } from '../policies/policies.js';
import { refusing } from '../policies/refusal.js';
import { CheckpointSigning } from './checkpoint-signing.js';

const NO_EVENT = 'There is no such event.';

/** What vouches for the event log: keys, signed checkpoints, proofs. docs/EVIDENCE.md says how they are checked. */
@Controller('api/evidence')
export class EvidenceController {
  constructor(
    private readonly evidence: Evidence,
    private readonly proofs: EventProofs,
    private readonly signing: CheckpointSigning,
    @Inject(CONFIGURATION) private readonly configuration: Configuration,
    @Inject(EVENT_STORE) private readonly store: EventStore,
  ) {}

  /** The public keys, the latest checkpoint, and whether the log still agrees with it. */
  @Get()
  @Access('evidence.see')
  @Answers(EvidenceDto)
  async get(): Promise<EvidenceDto> {
    const { origin, signers } = this.configuration.evidence;
    const state = await this.signing.compare();
    return {
      ...{ origin, keys: signers.map(({ key }) => key.text), state: stateName(state, signers.length > 0) },
      reason: state?.contradiction ?? null,
      size: state?.tree.size ?? 0,
      latest: state?.latest ? checkpointDto(state.latest) : null,
    };
  }

  /** Every checkpoint, newest first. To be kept elsewhere by whoever wants to check the log one day. */
  @Get('checkpoints')
  @Access('evidence.see')
  @Asks(PageQueryDto)
  @Answers(CheckpointDto, { list: true })
  async list(
    @Query() { limit, cursor }: PageQueryDto,
    @Req() request: Request,
    @Res({ passthrough: true }) response: Response,
  ): Promise<CheckpointDto[]> {
    const [before] = decodeCursor(cursor, [/^\d{1,15}$/]) ?? [];
    const log = (await this.evidence.tree.state())?.log ?? '';
    const page = await pageOf(
      limit,
      (most) => this.evidence.checkpoints.list(log, most, before === undefined ? undefined : Number(before)),
      ({ leaf }) => [String(leaf)],
    );
    linkNext(request, response, 'cursor', page.next);
    return page.rows.map(checkpointDto);
  }

  /** Signs a checkpoint of the log as it is now, unless nothing has come since the last one; answers the newest. */
  @Post('checkpoints')
  @Access('evidence.prove')
  @Answers(CheckpointDto, { status: 201 })
  async sign(@Person() person: Principal, @Req() request: Request): Promise<CheckpointDto> {
    requireProver(person, 'have a checkpoint signed');
    return checkpointDto(await this.signing.signNow(contextOf(person, 'web', { address: addressOf(request) })));
  }

  /**
   * Proves that an event is in the log. It has the event's hash and not the event, which is seen elsewhere; of an event of
   * the audit streams, asked for by stream and revision, it has both: an export is proved by its ExportFinished.
   */
  @Get('proof')
  @Access('evidence.prove')
  @Asks(EventProofQueryDto)
  @Answers(EventProofDto, { mayBeMissing: true })
  async proof(@Person() person: Principal, @Query() query: EventProofQueryDto): Promise<EventProofDto> {
    requireProver(person, 'prove an event');
    const event = query.position === undefined ? await this.#eventOf(query) : undefined;
    const position = (event?.position ?? query.position) as Position;
    if ((await this.evidence.tree.leafAt(position)) === undefined) throw new NotFoundException(NO_EVENT);
    const proof = event && isOfAudit(event) ? await this.proofs.withContent(event) : await this.proofs.of(position);
    if (proof) return { ...proof, hashes: [...proof.hashes], keys: [...proof.keys] };
    throw new Problem(
      404,
      'not-proved-yet',
      'No checkpoint vouches for this event yet: have one signed, or wait for it.',
    );
  }

  /** Proves that one checkpoint's log is the beginning of another's. */
  @Get('consistency')
  @Access('evidence.see')
  @Asks(ConsistencyQueryDto)
  @Answers(ConsistencyProofDto)
  async consistency(@Query() { first, size }: ConsistencyQueryDto): Promise<ConsistencyProofDto> {
    try {
      const proof = await this.proofs.consistency(first, size);
      return { ...proof, hashes: [...proof.hashes] };
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      throw invalidRequest([{ field: 'size', problem: `does not go together with first: ${error.message}` }]);
    }
  }

  async #eventOf({ stream, revision }: EventProofQueryDto): Promise<RecordedEvent> {
    if (stream === undefined || revision === undefined)
      throw invalidRequest([{ field: 'position', problem: 'must be given, or stream and revision' }]);
    try {
      for await (const event of this.store.readStream(stream, { from: BigInt(revision), limit: 1 }))
        if (event.revision === BigInt(revision)) return event;
    } catch (error) {
      if (!(error instanceof StreamNotFound || error instanceof StreamDeleted)) throw error;
    }
    throw new NotFoundException(NO_EVENT);
  }
}

/** Nobody's work is in it: whoever reads the audit log sees all that it says. */
function isOfAudit({ stream }: RecordedEvent): boolean {
  return stream.startsWith('audit-') || stream.startsWith('evidence-');
}

function requireProver({ role }: Principal, what: string): void {
  if (mayProveEvents(role)) return;
  const refused = new ForbiddenException('Only auditors and administrators have events proved and checkpoints signed.');
  throw refusing(refused, { what, object: 'event log' });
}

function stateName(state: EvidenceState | undefined, canSign: boolean): EvidenceStateName {
  if (!state) return 'empty';
  if (state.contradiction !== undefined) return 'contradicted';
  return canSign ? 'intact' : 'unsigned';
}

function checkpointDto({ size, root, note, keys, signedAt, position }: StoredCheckpoint): CheckpointDto {
  return {
    ...{ size, root: root.toString('base64'), note, keys: [...keys] },
    ...{ signedAt: signedAt.toISOString(), position },
  };
}
