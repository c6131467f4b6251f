import { Type } from 'class-transformer';
import {
  IsBoolean,
  IsIn,
  IsISO8601,
  IsOptional,
  IsString,
  IsUUID,
  Length,
  MaxLength,
  ValidateNested,
} from 'class-validator';

export type RoleName = 'student' | 'assistant' | 'professor' | 'auditor' | 'admin';
export const ROLE_NAMES: readonly RoleName[] = ['student', 'assistant', 'professor', 'auditor', 'admin'];

/** Characters of a password that people choose. */
export const PASSWORD_LEAST = 10;
export const PASSWORD_MOST = 200;

/** Body of `POST /api/auth/sign-in`. */
export class SignInDto {
  @IsString()
  @Length(1, 80)
  username!: string;

  // argon2id takes any length; the bound keeps a request from making it hash a megabyte.
  @IsString()
  @Length(1, PASSWORD_MOST)
  password!: string;
}

export class UserDto {
  @IsUUID()
  id!: string;

  @IsString()
  @MaxLength(32)
  username!: string;

  @IsString()
  @MaxLength(80)
  displayName!: string;

  @IsIn(ROLE_NAMES)
  role!: RoleName;

  /** Of oneself only: signed in with a password that somebody else knew. Until it is changed nothing else works. */
  @IsOptional()
  @IsBoolean()
  mustChangePassword?: boolean;
}

/** Body of `PUT /api/auth/password`. The other sessions of the account end. */
export class ChangePasswordDto {
  @IsString()
  @Length(1, PASSWORD_MOST)
  oldPassword!: string;

  @IsString()
  @Length(PASSWORD_LEAST, PASSWORD_MOST)
  newPassword!: string;
}

/** One place where an account is signed in. `GET /api/auth/sessions` gives one's own, the newest first. */
export class SessionDto {
  @IsUUID()
  id!: string;
  /** What the browser said of itself. */
  @IsString()
  userAgent!: string;
  @IsString()
  address!: string;
  @IsISO8601()
  since!: string;
  /** Within a minute. */
  @IsISO8601()
  lastSeen!: string;
  /** The one that asks. */
  @IsBoolean()
  isCurrent!: boolean;
}

/** `GET /api/auth/ways`: how people can sign in beside name and password. */
export class SignInWaysDto {
  /** What stands on the button for the OpenID provider; null: there is none. */
  @IsOptional()
  @IsString()
  openId!: string | null;
}

/** Answer of sign-in. The cookie of the same answer holds the same token; it also works as Bearer and as `?token=`. */
export class SignedInDto {
  @ValidateNested()
  @Type(() => UserDto)
  user!: UserDto;

  @IsString()
  accessToken!: string;
}
