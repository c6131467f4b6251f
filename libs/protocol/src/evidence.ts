import { Type } from 'class-transformer';
import {
  ArrayMaxSize,
  IsArray,
  IsIn,
  IsInt,
  IsISO8601,
  IsOptional,
  IsString,
  Matches,
  Max,
  Min,
  ValidateNested,
} from 'class-validator';
import { POSITION, POSITION_MESSAGE } from './paging.js';

/** SHA-256, base64. */
const HASH = /^[A-Za-z0-9+/]{43}=$/;

const EVIDENCE_STATES = ['intact', 'contradicted', 'unsigned', 'empty'] as const;

/**
 * `intact`: tree and checkpoints agree. `contradicted`: they do not, and nothing is signed any more. `unsigned`: this
 * installation has no key to sign with. `empty`: there is no event yet.
 */
export type EvidenceStateName = (typeof EVIDENCE_STATES)[number];

/** A signed checkpoint: what the log was at a moment. */
export class CheckpointDto {
  /** Events that it vouches for. */
  @IsInt()
  size!: number;
  /** Of the Merkle tree over them, base64. */
  @Matches(HASH)
  root!: string;
  /** The signed note (C2SP tlog-checkpoint), whole: the text to keep. */
  @IsString()
  note!: string;
  /** Public keys that have signed it. */
  @IsArray()
  @IsString({ each: true })
  keys!: string[];
  @IsISO8601()
  signedAt!: string;
  /** Of its own event in the log. */
  @IsString()
  position!: string;
}

/** `GET /api/evidence`. */
export class EvidenceDto {
  /** Name of the log in its checkpoints. */
  @IsString()
  origin!: string;
  /** Public keys that sign now, the first one for good; none: nothing is signed. */
  @IsArray()
  @IsString({ each: true })
  keys!: string[];
  @IsIn(EVIDENCE_STATES)
  state!: EvidenceStateName;
  /** What is wrong, where something is. */
  @IsOptional()
  @IsString()
  reason!: string | null;
  /** Events in the tree. */
  @IsInt()
  size!: number;
  @IsOptional()
  @ValidateNested()
  @Type(() => CheckpointDto)
  latest!: CheckpointDto | null;
}

/** Which event is to be proved: by its position, or by its stream and revision. */
export class EventProofQueryDto {
  @IsOptional()
  @Matches(POSITION, { message: POSITION_MESSAGE })
  position?: string;

  @IsOptional()
  @Matches(/^\P{Cc}{1,1024}$/u, { message: 'stream must be the name of a stream' })
  stream?: string;

  /** In the stream, from 0. */
  @IsOptional()
  @Matches(/^\d{1,18}$/, { message: 'revision must be a number from 0' })
  revision?: string;
}

/** Proof that an event is in the log that a checkpoint vouches for. verifier.py reads it. */
export class EventProofDto {
  @IsIn(['palimpsest-proof'])
  format!: 'palimpsest-proof';
  @IsIn([1])
  version!: 1;
  /** The event itself, the text whose hash is the leaf. Only where whoever asks may see it. */
  @IsOptional()
  @IsString()
  leaf?: string;
  /** Which leaf the event is, from 0. */
  @IsInt()
  index!: number;
  /** Base64. */
  @Matches(HASH)
  leafHash!: string;
  /** From the leaf up to the root (RFC 9162, 2.1.3), base64. */
  @IsArray()
  @ArrayMaxSize(64)
  @Matches(HASH, { each: true })
  hashes!: string[];
  /** The signed note. */
  @IsString()
  checkpoint!: string;
  @IsArray()
  @IsString({ each: true })
  keys!: string[];
}

/** Two sizes of the tree. */
export class ConsistencyQueryDto {
  @Type(() => Number)
  @IsInt()
  @Min(1)
  @Max(Number.MAX_SAFE_INTEGER)
  first!: number;

  @Type(() => Number)
  @IsInt()
  @Min(1)
  @Max(Number.MAX_SAFE_INTEGER)
  size!: number;
}

/** Proof that the log of `first` events is the beginning of the one of `size` events (RFC 9162, 2.1.4). */
export class ConsistencyProofDto {
  @IsIn(['palimpsest-consistency'])
  format!: 'palimpsest-consistency';
  @IsIn([1])
  version!: 1;
  @IsInt()
  first!: number;
  @IsInt()
  size!: number;
  @IsArray()
  @ArrayMaxSize(128)
  @Matches(HASH, { each: true })
  hashes!: string[];
}
