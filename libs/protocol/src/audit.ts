import {
  IsArray,
  IsBoolean,
  IsIn,
  IsInt,
  IsISO8601,
  IsOptional,
  IsString,
  IsUUID,
  Length,
  Matches,
  Max,
  Min,
  ValidateNested,
} from 'class-validator';
import { Type } from 'class-transformer';
import { POSITION, POSITION_MESSAGE } from './paging.js';

/** A query in the language of the audit log has this many characters at most; what is wrong in it, the answer says. */
const QUERY_MOST = 2_000;

/** Query of `GET /api/audit/events`. Newest first. */
export class AuditQueryDto {
  /** What is asked for, in the language of docs/AUDIT.md: `actor:ada action:file.* after:7d`. Nothing: everything. */
  @IsOptional()
  @IsString()
  @Length(0, QUERY_MOST)
  q?: string;

  /** `next` of the page before. */
  @IsOptional()
  @Matches(/^\d{1,15}$/, { message: 'before must be the "next" of an earlier page' })
  before?: string;

  @IsOptional()
  @Type(() => Number)
  @IsInt()
  @Min(1)
  @Max(500)
  limit?: number;

  /** Position to wait for. */
  @IsOptional()
  @Matches(POSITION, { message: POSITION_MESSAGE })
  after?: string;
}

/** Query of `GET /api/audit/histogram`. */
export class AuditHistogramQueryDto {
  /** As of the list. */
  @IsOptional()
  @IsString()
  @Length(0, QUERY_MOST)
  q?: string;
}

/** Query of `GET /api/audit/export`. */
export class AuditExportQueryDto {
  /** As of the list: the export has exactly its rows. */
  @IsOptional()
  @IsString()
  @Length(0, QUERY_MOST)
  q?: string;

  @IsIn(['csv', 'jsonl'])
  format!: 'csv' | 'jsonl';
}

export class AuditEntryDto {
  /** Number in the order of the log. A rebuild may give another one. */
  @IsString()
  entry!: string;
  /** Of the event; of the first where a row stands for several edits. */
  @IsString()
  id!: string;
  @IsISO8601()
  at!: string;
  /** Stable and dotted: `file.create`. One for each type. */
  @IsString()
  action!: string;
  @IsString()
  type!: string;
  @IsIn(['ok', 'refused', 'limited', 'error'])
  outcome!: 'ok' | 'refused' | 'limited' | 'error';
  @IsString()
  actorId!: string;
  /** Display name; `system` for the system. */
  @IsString()
  actorName!: string;
  @IsString()
  actorRole!: string;
  /** The way it came: web, websocket, api, executor, cli, system. */
  @IsString()
  via!: string;
  /** The person affected, where that is another. */
  @IsOptional()
  @IsString()
  subjectId!: string | null;
  @IsOptional()
  @IsString()
  subjectName!: string | null;
  @IsOptional()
  @IsString()
  session!: string | null;
  @IsOptional()
  @IsString()
  course!: string | null;
  @IsOptional()
  @IsString()
  courseName!: string | null;
  @IsOptional()
  @IsString()
  workspace!: string | null;
  @IsOptional()
  @IsString()
  file!: string | null;
  /** Stream and revision of the event, and its place in the log: what a proof of the row is about. */
  @IsString()
  stream!: string;
  @IsString()
  revision!: string;
  @IsString()
  position!: string;
  /** Of a row of edits the revision of the last one. */
  @IsOptional()
  @IsString()
  lastRevision!: string | null;
  @IsString()
  objectKind!: string;
  @IsOptional()
  @IsString()
  objectId!: string | null;
  /** A path, a title, a user name: what a person calls the object. */
  @IsString()
  object!: string;
  /** One short sentence of what happened. */
  @IsString()
  summary!: string;
  @IsOptional()
  @IsString()
  address!: string | null;
}

/** So many in the time that begins at `at`. */
export class AuditBarDto {
  @IsISO8601()
  at!: string;
  @IsInt()
  count!: number;
}

/** How many entries match, over time. */
export class AuditHistogramDto {
  /** Width of a bar. */
  @IsInt()
  bucketSeconds!: number;
  /** In the order of time; those without entries are left out. */
  @IsArray()
  @ValidateNested({ each: true })
  @Type(() => AuditBarDto)
  bars!: AuditBarDto[];
  /** Where the time begins or ends within an hour and only kinds and outcomes are asked for, that hour is counted whole. */
  @IsInt()
  total!: number;
  /** False: only the newest ones were counted. */
  @IsBoolean()
  isComplete!: boolean;
}

/** `GET /api/looks` gives a list of these, newest first: who has looked at what is one's own. */
export class LookDto {
  @IsUUID()
  id!: string;
  /** When it began; one stands for up to half an hour of looking. */
  @IsISO8601()
  at!: string;
  @IsString()
  byName!: string;
  @IsString()
  byRole!: string;
  @IsIn(['workspace', 'history', 'activity', 'metrics'])
  what!: 'workspace' | 'history' | 'activity' | 'metrics';
  /** Name of the workspace, path of the file, or of whom; of somebody’s figures the word. */
  @IsString()
  object!: string;
}

export class AuditActorDto {
  @IsUUID()
  id!: string;
  @IsString()
  username!: string;
  @IsString()
  displayName!: string;
}

export class AuditPageDto {
  @IsArray()
  @ValidateNested({ each: true })
  @Type(() => AuditEntryDto)
  entries!: AuditEntryDto[];
  @IsOptional()
  @IsString()
  next!: string | null;
  /** The time was over before the page was full: there may be more before this moment, which the next page looks for. */
  @IsOptional()
  @IsISO8601()
  searchedUntil!: string | null;
  /** Types that exist, for the filter; empty on further pages, as are `actors`. */
  @IsArray()
  @IsString({ each: true })
  types!: string[];
  /** People who can be filtered by. */
  @IsArray()
  @ValidateNested({ each: true })
  @Type(() => AuditActorDto)
  actors!: AuditActorDto[];
}
