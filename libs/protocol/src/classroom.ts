import {
  ArrayMaxSize,
  IsArray,
  IsBoolean,
  IsIn,
  IsInt,
  IsISO8601,
  IsOptional,
  IsString,
  IsUUID,
  Matches,
  MaxLength,
  MinLength,
  ValidateNested,
} from 'class-validator';
import { Type } from 'class-transformer';
import { ROLE_NAMES, type RoleName } from './auth.js';

export type AccessName = 'write' | 'read';

export class MemberDto {
  @IsUUID()
  id!: string;
  @IsString()
  username!: string;
  @IsString()
  displayName!: string;
  @IsIn(ROLE_NAMES)
  role!: RoleName;
  /** Whether the account may sign in. */
  @IsBoolean()
  active!: boolean;
}

export class WorkspaceSummaryDto {
  @IsUUID()
  id!: string;
  @IsString()
  name!: string;
  @IsIn(['course', 'personal', 'material', 'copy'])
  kind!: 'course' | 'personal' | 'material' | 'copy';
  /** What the person who asks may do there. */
  @IsIn(['write', 'read'])
  access!: AccessName;
  @IsUUID()
  owner!: string;
}

/** `GET /api/courses` gives a list of these: the courses that the person belongs to. */
export class CourseDto {
  @IsUUID()
  id!: string;
  @IsString()
  title!: string;
  @IsArray()
  @IsString({ each: true })
  sections!: string[];
  /** Empty for students: they see their teammates where they work together, not the roster. */
  @IsArray()
  @ValidateNested({ each: true })
  @Type(() => MemberDto)
  members!: MemberDto[];
  @IsArray()
  @ValidateNested({ each: true })
  @Type(() => WorkspaceSummaryDto)
  workspaces!: WorkspaceSummaryDto[];
}

export class FileDto {
  @IsUUID()
  id!: string;
  @IsString()
  path!: string;
  /** A text is opened by `/collab/:id`; the bytes of both are at `GET …/files/:id/content`. */
  @IsIn(['text', 'binary'])
  kind!: 'text' | 'binary';
  @IsISO8601()
  createdAt!: string;
  /** In a state of the past: the revision of its stream that it had then; null while nothing was in it. */
  @IsOptional()
  @Matches(/^\d{1,15}$/)
  revision?: string | null;
}

/** `GET /api/workspaces/:id`. */
export class WorkspaceDto extends WorkspaceSummaryDto {
  /** What the course publishes it as, or what it is a copy of; null: nothing of the sort. */
  @IsOptional()
  @IsUUID()
  item!: string | null;
  @IsUUID()
  course!: string;
  @IsArray()
  @ValidateNested({ each: true })
  @Type(() => FileDto)
  files!: FileDto[];
  /** Folders that were made and may be empty; others exist by the paths of the files. */
  @IsArray()
  @IsString({ each: true })
  folders!: string[];
  /** In a state of the past: the revision of the workspace's stream, and when it came to be. */
  @IsOptional()
  @Matches(/^\d{1,15}$/)
  revision?: string;
  @IsOptional()
  @IsISO8601()
  since?: string;
}

/** Body of `POST /api/workspaces/:id/files`. */
export class CreateFileDto {
  @IsString()
  @MinLength(1)
  @MaxLength(1000)
  path!: string;

  /** First text of the file. */
  @IsOptional()
  @IsString()
  @MaxLength(1_000_000)
  text?: string;
}

/** Body of `PATCH /api/workspaces/:id/files/:fileId`. */
export class MoveFileDto {
  @IsString()
  @MinLength(1)
  @MaxLength(1000)
  path!: string;
}

/** What every command answers. A query with `?after=<position>` waits until the read models have got there. */
export class WrittenDto {
  /** Id of what the command made or changed. */
  @IsString()
  id!: string;
  /** Opaque place in the log; null when there was nothing to change. */
  @IsOptional()
  @IsString()
  position!: string | null;
}

/** A field of a request that is wrong. */
export class WrongFieldDto {
  /** Its path: `text`, or `files.3.path`. */
  @IsString()
  field!: string;
  /** What is wrong with it, to be read after its name. */
  @IsString()
  problem!: string;
}

/** A limit that a request has reached. */
export class ReachedLimitDto {
  @IsString()
  name!: string;
  /** What is allowed in each window. */
  @IsInt()
  most!: number;
  @IsInt()
  windowSeconds!: number;
  /** Seconds until the next request of the kind is taken. */
  @IsInt()
  retryAfterSeconds!: number;
}

/** Body of every error (RFC 9457, `application/problem+json`). */
export class ProblemDto {
  @IsString()
  type!: string;
  @IsString()
  title!: string;
  @IsInt()
  status!: number;
  /** What happened, why and what to do, for a person. */
  @IsString()
  detail!: string;
  /** Stable code for programs. */
  @IsString()
  code!: string;
  /** Fields of the request that are wrong, if that was it. */
  @IsOptional()
  @IsArray()
  @ArrayMaxSize(100)
  @ValidateNested({ each: true })
  @Type(() => WrongFieldDto)
  fields?: WrongFieldDto[];
  /** The limit that was reached, if that was it. */
  @IsOptional()
  @ValidateNested()
  @Type(() => ReachedLimitDto)
  limit?: ReachedLimitDto;
  /** Of a fault: its number in the server's log, as a URN. */
  @IsOptional()
  @IsString()
  instance?: string;
}

/** One thing that programs of a course may or may not use. `GET /api/courses/:id/modules` gives all that there are rules for. */
export class ModuleRuleDto {
  /** Such as `subprocess` or `os.system`. */
  @IsString()
  module!: string;
  @IsBoolean()
  allowed!: boolean;
  /** Whose decision that is: the course's own, or the installation's default. */
  @IsIn(['course', 'installation'])
  decidedBy!: 'course' | 'installation';
}

/** Body of `PUT /api/courses/:id/modules/:module`. Holds from the next run on. */
export class DecideModuleDto {
  @IsBoolean()
  allowed!: boolean;
}

export class HealthDto {
  @IsBoolean()
  ok!: boolean;
  @IsString()
  version!: string;
  /** Level of the sandbox that the executor's self-test found. */
  @IsIn(['full', 'no-cgroup', 'none', 'unknown'])
  sandbox!: 'full' | 'no-cgroup' | 'none' | 'unknown';
  @IsString()
  sandboxReason!: string;
  @IsBoolean()
  eventStore!: boolean;
  /** Whether the read models have stopped, and why; empty when all is well. */
  @IsArray()
  @IsString({ each: true })
  faults!: string[];
  /** Executors at work; null when it cannot be told. */
  @IsOptional()
  @IsInt()
  executors!: number | null;
  /** Runs that have been asked for and not been started; null when it cannot be told. */
  @IsOptional()
  @IsInt()
  runsWaiting!: number | null;
  /** Why no run is started just now: no executor, or a machine that is short of something; null while runs are. */
  @IsOptional()
  @IsString()
  runsHeldUp!: string | null;
}
