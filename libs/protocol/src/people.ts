import { Type } from 'class-transformer';
import {
  IsArray,
  IsBoolean,
  IsIn,
  IsInt,
  IsISO8601,
  IsObject,
  IsOptional,
  IsString,
  IsUUID,
  Length,
  Matches,
  Max,
  MaxLength,
  Min,
  ValidateNested,
} from 'class-validator';
import { PASSWORD_LEAST, PASSWORD_MOST, ROLE_NAMES, type RoleName } from './auth.js';
import { MemberDto } from './classroom.js';
import { PageQueryDto } from './paging.js';

/** Query of `GET /api/people`, for administrators. */
export class PeopleQueryDto extends PageQueryDto {
  /** A part of a user name or a name. */
  @IsOptional()
  @Matches(/^\P{Cc}{0,80}$/u, { message: 'words must be at most 80 characters, no control characters' })
  words?: string;
}

export class PersonDto {
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

/** Body of `PUT /api/people/:id/role`. */
export class ChangeRoleDto {
  @IsIn(ROLE_NAMES)
  role!: RoleName;
}

/** Body of `POST /api/people/:id/deactivate`. */
export class DeactivateDto {
  /** For the log. */
  @IsString()
  @MaxLength(200)
  reason!: string;
}

/** Answer of `POST /api/people/:id/reset-password`: shown this once. It must be changed at the next sign-in. */
export class NewPasswordDto {
  @IsString()
  password!: string;
}

/** `GET /api/people/courses`: the courses whose members the person may decide on. */
export class ManagedCourseDto {
  @IsUUID()
  id!: string;
  @IsString()
  title!: string;
}

/** What a column of a roster can hold. */
export const ROSTER_FIELDS = ['username', 'name', 'firstName', 'lastName', 'email', 'role'] as const;
export type RosterField = (typeof ROSTER_FIELDS)[number];

/** Most characters of a roster. */
export const ROSTER_MOST_CHARACTERS = 2_000_000;

/** Body of `POST /api/courses/:id/roster/preview`. Writes nothing. */
export class RosterDto {
  /** The file's text: CSV with a line of column names. */
  @IsString()
  @Length(1, ROSTER_MOST_CHARACTERS)
  text!: string;

  /** Which column holds what, by the names in the file; what is not named is guessed, null leaves a field out. */
  @IsOptional()
  @IsObject()
  columns?: Partial<Record<RosterField, string | null>>;

  /** Undefined: guessed from the line of column names. */
  @IsOptional()
  @IsIn([',', ';', '\t'])
  delimiter?: ',' | ';' | '\t';

  /** Students and assistants who are not in the file leave the course. Their accounts and work stay. */
  @IsOptional()
  @IsBoolean()
  removeMissing?: boolean;
}

/** Body of `POST /api/courses/:id/roster`: does what a preview has shown. */
export class ConfirmRosterDto extends RosterDto {
  /** `digest` of the preview. If the file or the course gives another by now, nothing is done. */
  @Matches(/^[0-9a-f]{64}$/)
  digest!: string;
}

export type RosterChange = 'new-account' | 'enrolled' | 'changed' | 'unchanged' | 'removed' | 'error';

/** One row of a roster, or a member who is not in it. */
export class RosterRowDto {
  /** Line of the file; null for members who are not in it. */
  @IsOptional()
  @IsInt()
  line!: number | null;
  @IsString()
  username!: string;
  @IsString()
  displayName!: string;
  @IsString()
  role!: string;
  @IsString()
  change!: RosterChange;
  /** What changes, or what is wrong and what to do; empty where the word says it all. */
  @IsString()
  detail!: string;
}

export class RosterPreviewDto {
  /** Names of the file's columns. */
  @IsArray()
  @IsString({ each: true })
  headers!: string[];
  /** What each field is read from; null: from no column. */
  @IsObject()
  columns!: Record<RosterField, string | null>;
  @IsString()
  delimiter!: string;
  @IsArray()
  @ValidateNested({ each: true })
  @Type(() => RosterRowDto)
  rows!: RosterRowDto[];
  /** How many rows of each kind. */
  @IsObject()
  counts!: Record<RosterChange, number>;
  /** What to confirm with. */
  @IsString()
  digest!: string;
}

export class FirstPasswordDto {
  @IsString()
  username!: string;
  @IsString()
  displayName!: string;
  @IsString()
  password!: string;
}

/** Answer of `POST /api/courses/:id/roster`. */
export class RosterImportedDto {
  @IsObject()
  counts!: Record<RosterChange, number>;
  /** Of the new accounts: shown this once. Each must be changed at the first sign-in. */
  @IsArray()
  @ValidateNested({ each: true })
  @Type(() => FirstPasswordDto)
  firstPasswords!: FirstPasswordDto[];
  /** What could not be done after all, a sentence for each: the rest is done. */
  @IsArray()
  @IsString({ each: true })
  problems!: string[];
  @IsArray()
  @ValidateNested({ each: true })
  @Type(() => MemberDto)
  members!: MemberDto[];
}

/** Body of `POST /api/courses/:id/invitations`. */
export class CreateInvitationDto {
  @IsInt()
  @Min(1)
  @Max(180)
  days!: number;

  @IsInt()
  @Min(1)
  @Max(1000)
  mostUses!: number;
}

export class InvitationDto {
  @IsUUID()
  id!: string;
  @IsISO8601()
  expiresAt!: string;
  @IsInt()
  mostUses!: number;
  @IsInt()
  uses!: number;
  @IsBoolean()
  revoked!: boolean;
  /** Why it brings nobody in any more; null while it does. */
  @IsOptional()
  @IsString()
  problem!: string | null;
}

/** Answer of `POST /api/courses/:id/invitations`: the token is shown this once. The link is `<address>/invite#<token>`. */
export class NewInvitationDto {
  @IsUUID()
  id!: string;
  @IsString()
  token!: string;
}

/** Body of `POST /api/invitations/look` and `/join`. A token stands in no address that a server would log. */
export class InvitationTokenDto {
  @Matches(/^[\w-]{43}$/)
  token!: string;
}

export class InvitedToDto {
  @IsString()
  course!: string;
}

/** Body of `POST /api/invitations/accept`: makes the account, enrols it, and signs it in. */
export class AcceptInvitationDto extends InvitationTokenDto {
  @IsString()
  @Length(1, 80)
  username!: string;

  @IsString()
  @Length(1, 80)
  displayName!: string;

  @IsString()
  @Length(PASSWORD_LEAST, PASSWORD_MOST)
  password!: string;
}
