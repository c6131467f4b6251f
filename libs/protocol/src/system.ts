import { Type } from 'class-transformer';
import {
  IsArray,
  IsBoolean,
  IsIn,
  IsInt,
  IsISO8601,
  IsNumber,
  IsOptional,
  IsString,
  ValidateNested,
} from 'class-validator';

const PROJECTION_STATES = [
  'current',
  'behind',
  'stopped',
  'outdated',
  'too-new',
  'foreign-log',
  'never-run',
  'unknown',
] as const;

/**
 * `current`: nothing in the log is missing. `behind`: it has not got everything yet. `stopped`: at an event that cannot be
 * applied. `outdated`, `too-new`: the tables are of an older (or no) or a newer version than the program's. `foreign-log`:
 * built from another log. `never-run`: it has not read anything yet. `unknown`: the event store does not answer, and only
 * it could say.
 */
export type ProjectionStateName = (typeof PROJECTION_STATES)[number];

export class EventStoreStateDto {
  @IsIn(['Postgres', 'KurrentDB'])
  kind!: 'Postgres' | 'KurrentDB';
  /** Whether it has just answered. */
  @IsBoolean()
  available!: boolean;
  /** Of the log; another one than before means a restored or exchanged log. Null while it does not answer. */
  @IsOptional()
  @IsString()
  identity!: string | null;
  /** Position of the newest event; null for an empty log, and while it does not answer. */
  @IsOptional()
  @IsString()
  head!: string | null;
}

/** A read model that is being built anew beside the one in use, or whose rebuild was interrupted. */
export class RebuildStateDto {
  @IsInt()
  version!: number;
  /** Events in the new tables. */
  @IsInt()
  events!: number;
  /** Roughly which part of the log they hold, from 0 to 1; null while the event store does not answer. */
  @IsOptional()
  @IsNumber()
  share!: number | null;
  @IsISO8601()
  startedAt!: string;
  /** Whether a process is at work on it; if not, the next rebuild goes on with it. */
  @IsBoolean()
  running!: boolean;
  /** Why it has stopped. */
  @IsOptional()
  @IsString()
  fault!: string | null;
}

/** One read model or reactor. */
export class ProjectionStateDto {
  @IsString()
  name!: string;
  @IsIn(['read-model', 'reactor'])
  kind!: 'read-model' | 'reactor';
  /** Null: the program knows no projection of this name. */
  @IsOptional()
  @IsInt()
  programVersion!: number | null;
  /** Null: there is nothing of it in the database. */
  @IsOptional()
  @IsInt()
  storedVersion!: number | null;
  @IsIn(PROJECTION_STATES)
  state!: ProjectionStateName;
  /** Up to where it has read; null: nothing. */
  @IsOptional()
  @IsString()
  position!: string | null;
  /** Roughly which part of the log it has read, from 0 to 1; null while the event store does not answer. */
  @IsOptional()
  @IsNumber()
  share!: number | null;
  /** What is wrong and what to do about it. */
  @IsOptional()
  @IsString()
  fault!: string | null;
  /** The event at which it has stopped. */
  @IsOptional()
  @IsString()
  faultPosition!: string | null;
  @IsOptional()
  @IsISO8601()
  updatedAt!: string | null;
  /** Number of events that it leaves out, by hand. */
  @IsInt()
  skipped!: number;
  @IsOptional()
  @ValidateNested()
  @Type(() => RebuildStateDto)
  rebuild!: RebuildStateDto | null;
}

/** `GET /api/system`. */
export class SystemDto {
  @ValidateNested()
  @Type(() => EventStoreStateDto)
  eventStore!: EventStoreStateDto;
  /** Read models first, then reactors. */
  @IsArray()
  @ValidateNested({ each: true })
  @Type(() => ProjectionStateDto)
  projections!: ProjectionStateDto[];
}
