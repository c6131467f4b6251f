import { Type } from 'class-transformer';
import { IsArray, IsInt, IsISO8601, IsOptional, IsString, IsUUID, ValidateNested } from 'class-validator';

export class AuthorDto {
  @IsString()
  id!: string;
  @IsString()
  name!: string;
  @IsString()
  role!: string;
}

/** A change of text: at `at` (UTF-16 units) remove `remove` units, then insert `insert`. */
export type TextSplice = readonly [at: number, remove: number, insert: string];

/** One edit: milliseconds since 1970, index into `authors`, revision of its event, what it did to the text. */
export type HistoryEdit = readonly [ms: number, author: number, revision: number, splices: readonly TextSplice[]];

export class HistoryRunDto {
  @IsUUID()
  id!: string;
  @IsString()
  byName!: string;
  @IsOptional()
  @IsString()
  entry!: string | null;
  /** Milliseconds since 1970. */
  @IsInt()
  requestedAt!: number;
  @IsOptional()
  @IsInt()
  startedAt!: number | null;
  @IsOptional()
  @IsInt()
  finishedAt!: number | null;
  @IsOptional()
  @IsString()
  outcome!: string | null;
  /** The exception that ended the script, such as `ValueError`; null where there was none, or it has not ended yet. */
  @IsOptional()
  @IsString()
  raised!: string | null;
  /** [milliseconds since 1970, text] in order; input shows in it as the terminal's echo. */
  @IsArray()
  output!: (readonly [ms: number, text: string])[];
}

/** `GET /api/files/:fileId/history`: everything that happened to one file. Looking at another person's is recorded. */
export class FileHistoryDto {
  @IsUUID()
  file!: string;
  @IsString()
  path!: string;
  @IsArray()
  @ValidateNested({ each: true })
  @Type(() => AuthorDto)
  authors!: AuthorDto[];
  /** In the order of the log. */
  @IsArray()
  edits!: HistoryEdit[];
  /** Runs in the file's workspace. */
  @IsArray()
  @ValidateNested({ each: true })
  @Type(() => HistoryRunDto)
  runs!: HistoryRunDto[];
  @IsISO8601()
  readAt!: string;
}
