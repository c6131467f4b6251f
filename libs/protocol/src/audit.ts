import { IsArray, IsInt, IsISO8601, IsOptional, IsString, Length, Matches, Max, MaxLength, Min } from 'class-validator';
import { Type } from 'class-transformer';

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
  @IsISO8601()
  from?: string;

  /** Before this moment (ISO 8601). */
  @IsOptional()
  @IsISO8601()
  until?: string;

  /** `next` of the page before. */
  @IsOptional()
  @IsString()
  @MaxLength(200)
  before?: string;

  @IsOptional()
  @Type(() => Number)
  @IsInt()
  @Min(1)
  @Max(500)
  limit?: number;

  /** Position to wait for. */
  @IsOptional()
  @IsString()
  @MaxLength(200)
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
  @IsString()
  address!: string | null;
}

export class AuditPageDto {
  @IsArray()
  entries!: AuditEntryDto[];
  @IsOptional()
  @IsString()
  next!: string | null;
  /** Types that exist, for the filter. */
  @IsArray()
  types!: string[];
  /** People who can be filtered by. */
  @IsArray()
  actors!: { id: string; username: string; displayName: string }[];
}
