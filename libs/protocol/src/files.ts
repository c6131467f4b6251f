import {
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
} from 'class-validator';
import { WrittenDto } from './classroom.js';
import { AfterQueryDto } from './paging.js';

/** An instant with its time zone (ISO 8601). */
export const INSTANT = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?(?:Z|[+-]\d{2}:\d{2})$/;

/** A moment of a workspace: an instant with its time zone (ISO 8601), or a revision of the workspace's stream. */
export const MOMENT = new RegExp(`^(?:\\d{1,15}|${INSTANT.source.slice(1, -1)})$`);
const MOMENT_MESSAGE =
  '$property must be an instant with its time zone, such as 2026-11-26T08:00:00Z, or a revision of the workspace';

/** Query of `GET /api/workspaces/:id`. */
export class WorkspaceQueryDto extends AfterQueryDto {
  /** The state of this moment: an instant with its time zone, or a revision of the workspace's stream. */
  @IsOptional()
  @Matches(MOMENT, { message: MOMENT_MESSAGE })
  at?: string;
}

/** Query of `GET …/content`. */
export class ContentQueryDto {
  /** As it was at this moment. */
  @IsOptional()
  @Matches(MOMENT, { message: MOMENT_MESSAGE })
  at?: string;
  /** As it was at this revision of the file's stream. */
  @IsOptional()
  @Matches(/^\d{1,15}$/, { message: '$property must be a revision of the file' })
  revision?: string;
}

/** Query of `GET /api/workspaces/:id/zip`. Without `folder` and `files` it is everything. */
export class ZipQueryDto {
  @IsOptional()
  @IsString()
  @MinLength(1)
  @MaxLength(1000)
  folder?: string;
  /** Ids of files with commas between, at most 200. */
  @IsOptional()
  @Matches(/^[0-9a-f-]{36}(?:,[0-9a-f-]{36}){0,199}$/, {
    message: '$property must be up to 200 ids with commas between',
  })
  files?: string;
  @IsOptional()
  @Matches(MOMENT, { message: MOMENT_MESSAGE })
  at?: string;
}

/** Body of `POST …/files/:file/copy` and of `POST …/folders`. */
export class PathDto {
  @IsString()
  @MinLength(1)
  @MaxLength(1000)
  path!: string;
}

/** Query of what names a path in its address. */
export class PathQueryDto {
  @IsString()
  @MinLength(1)
  @MaxLength(1000)
  path!: string;
}

/** Query of a restoration: another path than the one that it had. */
export class RestoreQueryDto {
  @IsOptional()
  @IsString()
  @MinLength(1)
  @MaxLength(1000)
  path?: string;
}

/** Body of `PATCH …/folders` and `POST …/folders/copy`. */
export class MoveFolderDto {
  /** The folder as it is now. */
  @IsString()
  @MinLength(1)
  @MaxLength(1000)
  path!: string;
  @IsString()
  @MinLength(1)
  @MaxLength(1000)
  to!: string;
}

/** What an upload has become. */
export class UploadedDto extends WrittenDto {
  /** Text is co-edited from now on; everything else is kept as it is. */
  @IsIn(['text', 'binary'])
  kind!: 'text' | 'binary';
  @IsString()
  path!: string;
  /** A new file, and not another content of one that was there. */
  @IsBoolean()
  created!: boolean;
}

/** Something that was deleted and can be restored. `GET /api/workspaces/:id/trash` gives a list, newest first. */
export class TrashEntryDto {
  /** Of the file, or of the deletion of the folder. */
  @IsUUID()
  id!: string;
  @IsIn(['file', 'folder'])
  kind!: 'file' | 'folder';
  @IsString()
  path!: string;
  /** Files that come back with it. */
  @IsInt()
  files!: number;
  @IsISO8601()
  deletedAt!: string;
  @IsString()
  byName!: string;
}

/** One content that a binary file has had. `GET …/files/:file/versions` gives a list, newest first. */
export class VersionDto {
  @Matches(/^\d{1,15}$/)
  revision!: string;
  @IsString()
  sha256!: string;
  /** Bytes. */
  @IsInt()
  size!: number;
  @IsString()
  mediaType!: string;
  @IsISO8601()
  at!: string;
  @IsString()
  byName!: string;
}

/** What counts against the quota of a workspace. `GET /api/workspaces/:id/usage`. */
export class UsageDto {
  /** Bytes: texts as they are now, and each content of the binary files once. */
  @IsInt()
  usedBytes!: number;
  @IsInt()
  mostBytes!: number;
  /** Bytes of the largest file that can be uploaded. */
  @IsInt()
  mostFileBytes!: number;
  /** Whether it is one quota for all personal workspaces of the owner, or that of this workspace. */
  @IsIn(['person', 'workspace'])
  of!: 'person' | 'workspace';
}
