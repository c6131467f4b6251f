import { IsIn, IsISO8601, IsOptional, Matches } from 'class-validator';

/** A date, or a date with a time, in the years that a log can have. */
const MOMENT = /^2\d{3}-\d{2}-\d{2}(T\d{2}:\d{2}(:\d{2}(\.\d{1,6})?)?(Z|[+-]\d{2}:\d{2})?)?$/;
const MOMENT_MESSAGE = '$property must be a moment such as 2026-01-31T08:00:00Z';

/** Query of the exports of events. */
export class EventsExportQueryDto {
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
}

/** Query of `GET /api/courses/:id/exports/progsnap2`. */
export class ProgSnap2QueryDto extends EventsExportQueryDto {
  /** `strict` (default): what the standard has, and nothing else. */
  @IsOptional()
  @IsIn(['strict', 'extended'])
  mode?: 'strict' | 'extended';

  /** Whether a table says whose the pseudonyms are. For the course's auditors and administrators. */
  @IsOptional()
  @IsIn(['true', 'false'])
  identified?: 'true' | 'false';
}
