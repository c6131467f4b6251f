import { IsBoolean, IsIn, IsInt, IsISO8601, IsNumber, IsOptional, IsString, IsUUID, Matches } from 'class-validator';
import { PageQueryDto } from './paging.js';

/** What a row of a timeline tells of. */
export const ACTIVITY_KIND_NAMES = [
  ...(['edit', 'run', 'input', 'file', 'hand-in', 'limit', 'refusal', 'session', 'connection'] as const),
] as const;
export type ActivityKindName = (typeof ACTIVITY_KIND_NAMES)[number];

const KIND = `(?:${ACTIVITY_KIND_NAMES.join('|')})`;
const KINDS = new RegExp(`^${KIND}(?:,${KIND}){0,${ACTIVITY_KIND_NAMES.length - 1}}$`);

const INSTANT = /^2\d{3}-\d{2}-\d{2}T\d{2}:\d{2}(?::\d{2}(?:\.\d{1,6})?)?(?:Z|[+-]\d{2}:\d{2})$/;
const INSTANT_MESSAGE = '$property must be an instant with its time zone, such as 2026-11-26T08:00:00Z';

/** Query of what happened in a range of time. */
export class TimeRangeQueryDto extends PageQueryDto {
  /** Not before this instant. */
  @IsOptional()
  @Matches(INSTANT, { message: INSTANT_MESSAGE })
  @IsISO8601({ strict: true })
  from?: string;

  /** Before this instant. */
  @IsOptional()
  @Matches(INSTANT, { message: INSTANT_MESSAGE })
  @IsISO8601({ strict: true })
  until?: string;
}

/** Query of `GET /api/workspaces/:id/timeline`. */
export class TimelineQueryDto extends TimeRangeQueryDto {
  /** Only rows of these kinds, with commas between. */
  @IsOptional()
  @Matches(KINDS, { message: `$property must be of ${ACTIVITY_KIND_NAMES.join(', ')}, with commas between` })
  kinds?: string;
}

/** Query of `GET /api/people/:id/timeline`. */
export class PersonTimelineQueryDto extends TimelineQueryDto {
  /** Only what happened in this session. */
  @IsOptional()
  @IsUUID()
  session?: string;
}

/** One row of a timeline: a stretch of typing, a run, a file operation and so on. Timelines give the newest first. */
export class ActivityEntryDto {
  @IsString()
  id!: string;
  /** When it began. */
  @IsISO8601()
  at!: string;
  /** When it was over; null: it goes on, or its end was not recorded. */
  @IsOptional()
  @IsISO8601()
  until!: string | null;
  @IsIn(ACTIVITY_KIND_NAMES)
  kind!: ActivityKindName;
  /** Id of whose doing it is, or `system`. */
  @IsString()
  by!: string;
  @IsString()
  byName!: string;
  /** A program of this person did it, not the person by hand. */
  @IsBoolean()
  byProgram!: boolean;
  /** What happened, for a person: "edited main.py: 14 edits, 120 characters typed, 3 removed". */
  @IsString()
  text!: string;
  /** Whether it is something that went wrong: an error, a refusal, a limit. */
  @IsBoolean()
  failed!: boolean;
  @IsOptional()
  @IsString()
  session!: string | null;
  @IsOptional()
  @IsString()
  workspace!: string | null;
  @IsOptional()
  @IsString()
  workspaceName!: string | null;
  @IsOptional()
  @IsString()
  file!: string | null;
  /** The file as it is called now, or was at that time where nothing else is known. */
  @IsOptional()
  @IsString()
  path!: string | null;
  @IsOptional()
  @IsString()
  run!: string | null;
  /** Edits, inputs or file operations that the row stands for. */
  @IsInt()
  count!: number;
  /** Characters (UTF-16 units) typed and removed. */
  @IsInt()
  inserted!: number;
  @IsInt()
  removed!: number;
  /** Of the file's stream, for edits. */
  @IsOptional()
  @IsString()
  firstRevision!: string | null;
  @IsOptional()
  @IsString()
  lastRevision!: string | null;
}

/** One session of a person. `GET /api/people/:id/timeline/sessions` gives the newest first. */
export class SessionActivityDto {
  @IsString()
  session!: string;
  @IsISO8601()
  began!: string;
  /** The last that is known of it. */
  @IsISO8601()
  ended!: string;
  /** Whether that was a sign-out, or the end of its time. */
  @IsBoolean()
  isOver!: boolean;
  /** Seconds of typing: unbroken stretches, counted once where they overlap. */
  @IsNumber()
  activeSeconds!: number;
  @IsInt()
  edits!: number;
  @IsInt()
  inserted!: number;
  @IsInt()
  removed!: number;
  /** Files that were edited, made, moved or deleted. */
  @IsInt()
  files!: number;
  @IsInt()
  runs!: number;
  /** Of these, with an error, or stopped by a limit. */
  @IsInt()
  failedRuns!: number;
}
