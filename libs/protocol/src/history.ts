import { Type } from 'class-transformer';
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
  Max,
  Min,
  ValidateNested,
} from 'class-validator';
import { INSTANT } from './files.js';

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

/** Edits that a file may be said to have: more than a stream can hold. */
const MOST_EDITS = 2 ** 31 - 1;

/** Consecutive edits of a file as one place of the bar. */
export class HistoryStretchDto {
  @IsInt()
  edits!: number;
  /** Milliseconds since 1970, of its first edit. */
  @IsInt()
  ms!: number;
  /** [index into `authors`, number of edits]. */
  @IsArray()
  by!: (readonly [author: number, edits: number])[];
}

/** A page of the history: what it holds, and what to ask for. */
export class HistoryPageDto {
  /** Edits of the file before it. */
  @IsInt()
  first!: number;
  @IsInt()
  edits!: number;
  /** Milliseconds since 1970 of its first and of its last edit. */
  @IsInt()
  startMs!: number;
  @IsInt()
  endMs!: number;
  /** Another one for another content: `?tag=` of it is answered for ever. */
  @IsString()
  tag!: string;
}

/** Something worth going to. */
export class HistoryMarkDto {
  /** A text that was pasted or put back; nobody changed the file for two minutes or more. */
  @IsIn(['pasted', 'put-back', 'pause'])
  kind!: 'pasted' | 'put-back' | 'pause';
  /** Number of the edit, from 1; of a pause the edit that ended it. */
  @IsInt()
  edit!: number;
  /** Milliseconds since 1970 of that edit. */
  @IsInt()
  ms!: number;
  /** Index into `authors`. */
  @IsInt()
  author!: number;
  /** Characters (UTF-16 units) that were pasted; of a pause its milliseconds. */
  @IsInt()
  size!: number;
}

/** `GET /api/files/:file/history`: what to draw at once, however long it is. Looking at another person's is recorded. */
export class FileHistoryDto {
  @IsUUID()
  file!: string;
  @IsString()
  path!: string;
  /** Whether the person who asks may restore a moment. */
  @IsBoolean()
  mayEdit!: boolean;
  @IsInt()
  edits!: number;
  /** In the order in which they first wrote. */
  @IsArray()
  @ValidateNested({ each: true })
  @Type(() => AuthorDto)
  authors!: AuthorDto[];
  /** Some three hundred at most. */
  @IsArray()
  @ValidateNested({ each: true })
  @Type(() => HistoryStretchDto)
  stretches!: HistoryStretchDto[];
  /** The last one may still grow. */
  @IsArray()
  @ValidateNested({ each: true })
  @Type(() => HistoryPageDto)
  pages!: HistoryPageDto[];
  /** By edit; the largest of each kind, some hundred. */
  @IsArray()
  @ValidateNested({ each: true })
  @Type(() => HistoryMarkDto)
  marks!: HistoryMarkDto[];
  /** How many there are of which `marks` are some. */
  @IsInt()
  allMarks!: number;
  @IsISO8601()
  readAt!: string;
}

/** Query of a page or a keyframe. */
export class HistoryPageQueryDto {
  /** The tag that the history gave for it: then the answer is good for ever. */
  @IsOptional()
  @Matches(/^[0-9a-f]{32}$/, { message: 'tag must be one that the history gave' })
  tag?: string;
}

/** A moment of a file: one of these. Without any it is now. */
export class MomentQueryDto {
  /** After so many edits. */
  @IsOptional()
  @Type(() => Number)
  @IsInt()
  @Min(0)
  @Max(MOST_EDITS)
  edit?: number;
  /** After this revision of the file's stream. */
  @IsOptional()
  @Type(() => Number)
  @IsInt()
  @Min(0)
  @Max(Number.MAX_SAFE_INTEGER)
  revision?: number;
  /** At this instant, with its time zone. */
  @IsOptional()
  @Matches(INSTANT, { message: 'at must be an instant with its time zone, such as 2026-11-26T08:00:00Z' })
  at?: string;
}

/** Text in one piece that one person wrote in one way: [UTF-16 units, author, way, number and time of its first edit, number of its last]. */
export type WrittenSpan = readonly [
  units: number,
  author: number,
  kind: string,
  edit: number,
  ms: number,
  lastEdit: number,
];

/** `GET /api/files/:file/at`: a file's text at a moment, and who wrote what of it. */
export class FileStateDto {
  @IsUUID()
  file!: string;
  /** Edits that are in it. */
  @IsInt()
  edit!: number;
  /** Revision of the last of them; null: there is none. */
  @IsOptional()
  @IsInt()
  revision!: number | null;
  /** Its time, milliseconds since 1970. */
  @IsOptional()
  @IsInt()
  ms!: number | null;
  @IsString()
  text!: string;
  /** Ids and roles, in the order in which they first wrote. */
  @IsArray()
  authors!: { id: string; role: string }[];
  /** The whole text from its beginning. */
  @IsArray()
  spans!: WrittenSpan[];
}

/** Query of `GET /api/files/:file/compare`. */
export class CompareQueryDto {
  /** Number of edits of the one moment. */
  @Type(() => Number)
  @IsInt()
  @Min(0)
  @Max(MOST_EDITS)
  from!: number;
  /** Of the other. */
  @Type(() => Number)
  @IsInt()
  @Min(0)
  @Max(MOST_EDITS)
  to!: number;
}

/** A piece of the comparison, in order. */
export class ComparedPartDto {
  @IsIn(['same', 'removed', 'inserted'])
  kind!: 'same' | 'removed' | 'inserted';
  @IsString()
  text!: string;
  /** Who wrote it; empty for what is the same. */
  @IsArray()
  spans!: WrittenSpan[];
  /**
   * Of what was removed: which edits between the two moments took it out. Units of the piece that are in the later text at
   * another place are left out, and all of them where `from` is the later moment.
   */
  @IsArray()
  removedBy!: WrittenSpan[];
}

/** What makes the text of one moment out of that of another. */
export class ComparisonDto {
  @IsInt()
  from!: number;
  @IsInt()
  to!: number;
  @IsArray()
  authors!: { id: string; role: string }[];
  @IsArray()
  @ValidateNested({ each: true })
  @Type(() => ComparedPartDto)
  parts!: ComparedPartDto[];
}

/** Body of `POST /api/files/:file/restore`. */
export class RestoreMomentDto {
  /** The text after so many edits becomes the newest. */
  @IsInt()
  @Min(0)
  @Max(MOST_EDITS)
  edit!: number;
}

/** What became of it. */
export class RestoredMomentDto {
  @IsUUID()
  file!: string;
  /** Edits that the file has now. */
  @IsInt()
  edits!: number;
  /** False: it was that text already, and nothing was written. */
  @IsBoolean()
  changed!: boolean;
}

/** Where a pasted text was before, as far as it was found. `GET /api/files/:file/pastes/:edit`. */
export class PasteOriginDto {
  @IsInt()
  edit!: number;
  /**
   * `own`: the person who pasted wrote it; `teammate`: somebody else who writes in the same workspace; `material`: the course
   * gave it; `other-student`: it is in the work of somebody else of the course; `outside`: in none of the texts that were
   * searched.
   */
  @IsIn(['own', 'teammate', 'material', 'other-student', 'outside'])
  origin!: 'own' | 'teammate' | 'material' | 'other-student' | 'outside';
  /** The first line of the pasted text that says something. */
  @IsString()
  text!: string;
  /** Who wrote it; null where nobody was found, or whoever asks may not know. */
  @IsOptional()
  @IsString()
  name!: string | null;
  /** Where it was found, likewise. */
  @IsOptional()
  @IsUUID()
  file!: string | null;
  @IsOptional()
  @IsString()
  path!: string | null;
  /** Texts that were searched, and whether that were all of the course. */
  @IsInt()
  searched!: number;
  @IsBoolean()
  isWhole!: boolean;
}

/** Something that a run raised. */
export class HistoryErrorDto {
  /** Milliseconds since 1970. */
  @IsInt()
  ms!: number;
  /** Such as `ValueError`. */
  @IsString()
  exception!: string;
  @IsString()
  message!: string;
  @IsOptional()
  @IsString()
  path!: string | null;
  @IsOptional()
  @IsInt()
  line!: number | null;
}

/** The edits after which an error did not come any more. */
export class RunFixDto {
  @IsUUID()
  run!: string;
  /** After edit `from`, up to and with edit `to`. */
  @IsInt()
  from!: number;
  @IsInt()
  to!: number;
}

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
  /** Edits of the file that the run saw; null: it did not have the file. */
  @IsOptional()
  @IsInt()
  edit!: number | null;
  /** [milliseconds since 1970, text] in order; input shows in it as the terminal's echo. */
  @IsArray()
  output!: (readonly [ms: number, text: string])[];
  /** What people typed into it, likewise. */
  @IsArray()
  input!: (readonly [ms: number, text: string])[];
  @IsArray()
  @ArrayMaxSize(100)
  @ValidateNested({ each: true })
  @Type(() => HistoryErrorDto)
  errors!: HistoryErrorDto[];
  /** Pictures that it drew. */
  @IsInt()
  figures!: number;
  /** How the first error was got rid of; null: there was none, or it has not been. */
  @IsOptional()
  @ValidateNested()
  @Type(() => RunFixDto)
  fix!: RunFixDto | null;
}
