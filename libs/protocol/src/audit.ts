import {
  IsArray,
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

/** Of ISO 8601 what every reader takes in the same way: a date, or a date with a time, in the years that a log can have. */
const MOMENT = /^2\d{3}-\d{2}-\d{2}(T\d{2}:\d{2}(:\d{2}(\.\d{1,6})?)?(Z|[+-]\d{2}:\d{2})?)?$/;
const MOMENT_MESSAGE = '$property must be a moment such as 2026-01-31T08:00:00Z';

/** Query of `GET /api/audit/events`. Newest first. */
export class AuditQueryDto {
  /** User name or id of the person who acted, or `system`. */
  @IsOptional()
  @IsString()
  @Length(1, 80)
  actor?: string;

  /** Exact type, such as `RunRequested`, or a beginning with a star: `File*`. */
  @IsOptional()
  @Matches(/^[A-Za-z]{1,60}\*?$/)
  type?: string;

  /** Not before this moment (ISO 8601). */
  @IsOptional()
  @Matches(MOMENT, { message: MOMENT_MESSAGE })
  @IsISO8601({ strict: true })
  from?: string;

  /** Before this moment (ISO 8601). */
  @IsOptional()
  @Matches(MOMENT, { message: MOMENT_MESSAGE })
  @IsISO8601({ strict: true })
  until?: string;

  /** `next` of the page before. */
  @IsOptional()
  @Matches(/^\d{1,18}$/, { message: 'before must be the "next" of an earlier page' })
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

export class AuditEntryDto {
  @IsString()
  id!: string;
  @IsISO8601()
  at!: string;
  @IsString()
  type!: string;
  @IsString()
  actorId!: string;
  /** Display name; `system` for the system. */
  @IsString()
  actorName!: string;
  @IsString()
  actorRole!: string;
  @IsString()
  via!: string;
  @IsOptional()
  @IsString()
  subjectName!: string | null;
  @IsString()
  stream!: string;
  @IsString()
  revision!: string;
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
  @IsIn(['workspace', 'history', 'activity'])
  what!: 'workspace' | 'history' | 'activity';
  /** Name of the workspace, path of the file, or of whom. */
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
  /** Types that exist, for the filter. */
  @IsArray()
  @IsString({ each: true })
  types!: string[];
  /** People who can be filtered by. */
  @IsArray()
  @ValidateNested({ each: true })
  @Type(() => AuditActorDto)
  actors!: AuditActorDto[];
}
