import { Type } from 'class-transformer';
import {
  ArrayMaxSize,
  ArrayUnique,
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

export type ItemKindName = 'material' | 'assignment' | 'test';
export type ItemPhaseName = 'draft' | 'announced' | 'open' | 'late' | 'locked' | 'withdrawn';

const KINDS: readonly ItemKindName[] = ['material', 'assignment', 'test'];
const PHASES: readonly ItemPhaseName[] = ['draft', 'announced', 'open', 'late', 'locked', 'withdrawn'];

/** A moment as requests give it, with its distance from UTC: `2026-11-26T10:00:00Z`. */
const MOMENT = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2}(\.\d{1,6})?)?(Z|[+-]\d{2}:\d{2})$/;
const MOMENT_MESSAGE = '$property must be a moment such as 2026-11-26T10:00:00Z';

/** Times of an item; null or nothing: it has none. Which of them a kind has is in docs/API.md. */
class ItemTimesDto {
  /** From here on students see it; without it it is a draft. */
  @IsOptional()
  @Matches(MOMENT, { message: MOMENT_MESSAGE })
  releaseAt?: string | null;
  /** Of a test. */
  @IsOptional()
  @Matches(MOMENT, { message: MOMENT_MESSAGE })
  startAt?: string | null;
  /** Of a test. */
  @IsOptional()
  @Matches(MOMENT, { message: MOMENT_MESSAGE })
  endAt?: string | null;
  /** Of an assignment. */
  @IsOptional()
  @Matches(MOMENT, { message: MOMENT_MESSAGE })
  dueAt?: string | null;
  /** Of an assignment: locked after the due time instead of late. */
  @IsOptional()
  @IsBoolean()
  closesAfterDue?: boolean;
}

/** Body of `POST /api/courses/:id/items`. */
export class PublishItemDto extends ItemTimesDto {
  /** Part of the course that it stands in. */
  @IsString()
  @MinLength(1)
  @MaxLength(120)
  section!: string;
  @IsIn(KINDS)
  kind!: ItemKindName;
  @IsString()
  @MinLength(1)
  @MaxLength(120)
  title!: string;
  /** Whose files are published: copied as they are now. */
  @IsUUID()
  workspace!: string;
  /** A folder of it, whose contents are published alone; or a single file. Nothing: the whole workspace. */
  @IsOptional()
  @IsString()
  @MinLength(1)
  @MaxLength(1000)
  path?: string;
  /** One copy for each group. */
  @IsOptional()
  @IsBoolean()
  groups?: boolean;
}

/** Body of `PATCH /api/items/:id`. What is not named stays; null takes a time away. */
export class ChangeItemDto extends ItemTimesDto {
  @IsOptional()
  @IsString()
  @MinLength(1)
  @MaxLength(120)
  section?: string;
  @IsOptional()
  @IsString()
  @MinLength(1)
  @MaxLength(120)
  title?: string;
}

/** Body of `PUT /api/items/:id/extensions/:person`. */
export class ExtendDto {
  @Matches(MOMENT, { message: MOMENT_MESSAGE })
  until!: string;
}

/** Body of `PUT /api/items/:id/groups/:group`: all of its members. Who is named leaves another group. */
export class SetGroupDto {
  @IsString()
  @MinLength(1)
  @MaxLength(120)
  name!: string;
  @IsArray()
  @ArrayMaxSize(20)
  @ArrayUnique()
  @IsUUID(undefined, { each: true })
  members!: string[];
}

/** Something that a course has published, as it is for the person who asks. */
export class ItemDto {
  @IsUUID()
  id!: string;
  @IsUUID()
  course!: string;
  @IsString()
  section!: string;
  @IsIn(KINDS)
  kind!: ItemKindName;
  @IsString()
  title!: string;
  @IsBoolean()
  groups!: boolean;
  @IsOptional()
  @IsISO8601()
  releaseAt!: string | null;
  @IsOptional()
  @IsISO8601()
  startAt!: string | null;
  @IsOptional()
  @IsISO8601()
  endAt!: string | null;
  @IsOptional()
  @IsISO8601()
  dueAt!: string | null;
  @IsBoolean()
  closesAfterDue!: boolean;
  /** Where it stands for the person, their extension or their group's counted. */
  @IsIn(PHASES)
  phase!: ItemPhaseName;
  /** Due time or end for the person, extensions counted. */
  @IsOptional()
  @IsISO8601()
  deadline!: string | null;
  /** When the phase changes next by itself. */
  @IsOptional()
  @IsISO8601()
  turnsAt!: string | null;
  /** Workspace of what is published; null while the person must not see it. */
  @IsOptional()
  @IsUUID()
  material!: string | null;
  /** Workspace of the person's or the group's copy; null: not opened yet, or not to be seen. */
  @IsOptional()
  @IsUUID()
  copy!: string | null;
  /** The person's group. */
  @IsOptional()
  @IsString()
  group!: string | null;
  /** The server's clock. */
  @IsISO8601()
  now!: string;
}

export class HandedInFileDto {
  @IsUUID()
  file!: string;
  @IsString()
  path!: string;
  @IsIn(['text', 'binary'])
  kind!: 'text' | 'binary';
  /** Of the file in the log; null: it was empty. */
  @IsOptional()
  @IsString()
  revision!: string | null;
  /** SHA-256 of its bytes. */
  @Matches(/^[0-9a-f]{64}$/)
  sha256!: string;
  @IsInt()
  size!: number;
}

/** What is given for work that was handed in. `POST /api/workspaces/:id/hand-ins`, `GET /api/receipts/:id`. */
export class ReceiptDto {
  /** Of the event in the log. */
  @IsUUID()
  id!: string;
  @IsUUID()
  item!: string;
  @IsString()
  title!: string;
  @IsUUID()
  workspace!: string;
  @IsUUID()
  by!: string;
  @IsString()
  byName!: string;
  /** By the server's clock. */
  @IsISO8601()
  at!: string;
  @IsBoolean()
  late!: boolean;
  /** Due time or end that held then, extensions counted. */
  @IsOptional()
  @IsISO8601()
  deadline!: string | null;
  /** SHA-256 over a line for each file in the order of their paths: hash, two spaces, path as JSON, line feed. */
  @Matches(/^[0-9a-f]{64}$/)
  digest!: string;
  @IsArray()
  @ValidateNested({ each: true })
  @Type(() => HandedInFileDto)
  files!: HandedInFileDto[];
  /** Whether the log still gives exactly these contents: computed anew for each answer. */
  @IsBoolean()
  verified!: boolean;
}

export class GroupDto {
  @IsUUID()
  id!: string;
  @IsString()
  name!: string;
  @IsArray()
  @IsUUID(undefined, { each: true })
  members!: string[];
}

/** A student in the overview of an item. */
export class OverviewRowDto {
  @IsUUID()
  person!: string;
  @IsString()
  username!: string;
  @IsString()
  displayName!: string;
  @IsOptional()
  @IsString()
  group!: string | null;
  /** Granted to this student. */
  @IsOptional()
  @IsISO8601()
  extension!: string | null;
  @IsIn(PHASES)
  phase!: ItemPhaseName;
  @IsOptional()
  @IsISO8601()
  deadline!: string | null;
  /** Workspace of the copy. */
  @IsOptional()
  @IsUUID()
  copy!: string | null;
  @IsOptional()
  @IsISO8601()
  openedAt!: string | null;
  @IsOptional()
  @IsISO8601()
  lastEditAt!: string | null;
  /** Of what was handed in last, which counts. */
  @IsOptional()
  @IsUUID()
  receipt!: string | null;
  @IsOptional()
  @IsISO8601()
  handedInAt!: string | null;
  @IsOptional()
  @IsBoolean()
  late!: boolean | null;
  @IsInt()
  handIns!: number;
}

/** `GET /api/items/:id/overview`. */
export class ItemOverviewDto {
  @IsArray()
  @ValidateNested({ each: true })
  @Type(() => OverviewRowDto)
  students!: OverviewRowDto[];
  @IsArray()
  @ValidateNested({ each: true })
  @Type(() => GroupDto)
  groups!: GroupDto[];
}
