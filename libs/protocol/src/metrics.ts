import { Type } from 'class-transformer';
import {
  IsArray,
  IsIn,
  IsInt,
  IsISO8601,
  IsNumber,
  IsOptional,
  IsString,
  IsUUID,
  Matches,
  ValidateNested,
} from 'class-validator';
import { AfterQueryDto, PageQueryDto } from './paging.js';

/** A day of the calendar in UTC, in the years that a log can have. */
const DAY = /^2\d{3}-\d{2}-\d{2}$/;
const DAY_MESSAGE = '$property must be a day such as 2026-01-31';

/** Query of metrics: days in UTC, both included. Without them the last 28 days. */
export class MetricsQueryDto extends AfterQueryDto {
  @IsOptional()
  @Matches(DAY, { message: DAY_MESSAGE })
  @IsISO8601({ strict: true }, { message: DAY_MESSAGE })
  from?: string;

  @IsOptional()
  @Matches(DAY, { message: DAY_MESSAGE })
  @IsISO8601({ strict: true }, { message: DAY_MESSAGE })
  to?: string;
}

/** The same for the list of students. */
export class StudentMetricsQueryDto extends PageQueryDto {
  @IsOptional()
  @Matches(DAY, { message: DAY_MESSAGE })
  @IsISO8601({ strict: true }, { message: DAY_MESSAGE })
  from?: string;

  @IsOptional()
  @Matches(DAY, { message: DAY_MESSAGE })
  @IsISO8601({ strict: true }, { message: DAY_MESSAGE })
  to?: string;
}

/** What was done in some days. docs/METRICS.md defines every figure. */
export class FiguresDto {
  /** Scripts that were started. */
  @IsInt()
  runs!: number;
  /** Python prompts that were opened without a script. */
  @IsInt()
  prompts!: number;
  @IsInt()
  completed!: number;
  /** Raised an exception, were ended by a signal, or said so by their exit code. */
  @IsInt()
  failed!: number;
  /** Ended by a limit of time, memory, output or files. */
  @IsInt()
  limited!: number;
  @IsInt()
  cancelled!: number;
  /** Not run, or not to their end, through no fault of theirs. */
  @IsInt()
  lost!: number;
  /** Exceptions, those at a prompt too. */
  @IsInt()
  errors!: number;
  @IsInt()
  edits!: number;
  /** Characters. */
  @IsInt()
  typed!: number;
  @IsInt()
  pasted!: number;
  @IsInt()
  removed!: number;
  @IsInt()
  filesMade!: number;
  @IsInt()
  fileOperations!: number;
  @IsInt()
  handIns!: number;
  @IsInt()
  lateHandIns!: number;
  /** Refusals because a limit was reached. */
  @IsInt()
  limits!: number;
  @IsInt()
  activeSeconds!: number;
  /** From 0 to 1; null where it is not defined. */
  @IsOptional()
  @IsNumber()
  errorQuotient!: number | null;
  @IsOptional()
  @IsNumber()
  repeatedErrorDensity!: number | null;
}

/** One day (UTC) on which something happened. */
export class DayMetricsDto {
  @IsString()
  day!: string;
  /** People who did something. */
  @IsInt()
  people!: number;
  @IsInt()
  runs!: number;
  @IsInt()
  completed!: number;
  @IsInt()
  failed!: number;
  @IsInt()
  limited!: number;
  @IsInt()
  cancelled!: number;
  @IsInt()
  lost!: number;
  @IsInt()
  activeSeconds!: number;
}

/** How often something with a name occurred; the most frequent of each kind. */
export class NamedCountDto {
  @IsIn(['outcome', 'error', 'limit'])
  what!: 'outcome' | 'error' | 'limit';
  @IsString()
  name!: string;
  @IsInt()
  count!: number;
  @IsInt()
  people!: number;
}

/** `GET /api/courses/:id/metrics`: of all who are students of the course now. */
export class CourseMetricsDto {
  @IsString()
  from!: string;
  @IsString()
  to!: string;
  /** Students who did something in these days. */
  @IsInt()
  people!: number;
  @ValidateNested()
  @Type(() => FiguresDto)
  figures!: FiguresDto;
  @IsArray()
  @ValidateNested({ each: true })
  @Type(() => DayMetricsDto)
  days!: DayMetricsDto[];
  @IsArray()
  @ValidateNested({ each: true })
  @Type(() => NamedCountDto)
  named!: NamedCountDto[];
}

/** `GET /api/courses/:id/metrics/people` gives a list of these, by name. */
export class StudentMetricsDto {
  @IsUUID()
  person!: string;
  @IsString()
  username!: string;
  @IsString()
  displayName!: string;
  /** The last own action in the course, whatever the days asked for. */
  @IsOptional()
  @IsISO8601()
  lastSeenAt!: string | null;
  @ValidateNested()
  @Type(() => FiguresDto)
  figures!: FiguresDto;
}

/** `GET /api/courses/:id/metrics/people/:person`. */
export class PersonMetricsDto {
  @IsString()
  from!: string;
  @IsString()
  to!: string;
  @IsUUID()
  person!: string;
  @IsOptional()
  @IsISO8601()
  lastSeenAt!: string | null;
  @ValidateNested()
  @Type(() => FiguresDto)
  figures!: FiguresDto;
  @IsArray()
  @ValidateNested({ each: true })
  @Type(() => DayMetricsDto)
  days!: DayMetricsDto[];
  @IsArray()
  @ValidateNested({ each: true })
  @Type(() => NamedCountDto)
  named!: NamedCountDto[];
}

/** `GET /api/me/metrics` gives a list of these: one's own figures in each course. */
export class OwnMetricsDto {
  @IsUUID()
  course!: string;
  @IsString()
  title!: string;
  @IsOptional()
  @IsISO8601()
  lastSeenAt!: string | null;
  @ValidateNested()
  @Type(() => FiguresDto)
  figures!: FiguresDto;
}
