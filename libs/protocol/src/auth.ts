import { Type } from 'class-transformer';
import { IsIn, IsString, IsUUID, Length, MaxLength, ValidateNested } from 'class-validator';

export type RoleName = 'student' | 'professor' | 'auditor' | 'admin';
export const ROLE_NAMES: readonly RoleName[] = ['student', 'professor', 'auditor', 'admin'];

/** Body of `POST /api/auth/sign-in`. */
export class SignInDto {
  @IsString()
  @Length(1, 80)
  username!: string;

  // argon2id takes any length; the bound keeps a request from making it hash a megabyte.
  @IsString()
  @Length(1, 200)
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
}

/** Answer of sign-in. The cookie of the same answer holds the same token; it also works as Bearer and as `?token=`. */
export class SignedInDto {
  @ValidateNested()
  @Type(() => UserDto)
  user!: UserDto;

  @IsString()
  accessToken!: string;
}
