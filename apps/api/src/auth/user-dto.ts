import type { UserDto } from '@palimpsest/protocol';

/** What the person themselves are told of their account. */
export function userDto(person: {
  readonly id: string;
  readonly username: string;
  readonly displayName: string;
  readonly role: string;
  readonly mustChangePassword: boolean;
}): UserDto {
  const { id, username, displayName, role, mustChangePassword } = person;
  return {
    id,
    username,
    displayName,
    role: role as UserDto['role'],
    ...(mustChangePassword && { mustChangePassword }),
  };
}
