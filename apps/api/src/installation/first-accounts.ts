import { randomBytes } from 'node:crypto';
import { closeSync, existsSync, fsyncSync, openSync, readFileSync, renameSync, writeSync } from 'node:fs';
import type { Role } from '@palimpsest/domain';

export interface FirstAccount {
  readonly username: string;
  readonly password: string;
  readonly role: Role;
}

/** Without 0, o, 1, l, i: it is read from a screen and typed. 14 characters of 31 are 69 bits. */
const ALPHABET = 'abcdefghjkmnpqrstuvwxyz23456789';
const LENGTH = 14;

export function randomPassword(): string {
  let password = '';
  while (password.length < LENGTH) {
    for (const byte of randomBytes(32)) {
      // 248 is the largest multiple of 31 in a byte: above it the first letters would be likelier.
      if (byte < 248 && password.length < LENGTH) password += ALPHABET[byte % ALPHABET.length] ?? '';
    }
  }
  return password;
}

/**
 * The passwords of the first accounts: those in `file` if an earlier start got that far, else new ones, which are in the
 * file (mode 0600) before any account is made. A crash in between can so lose no password.
 */
export function firstAccounts(
  file: string,
  people: readonly Pick<FirstAccount, 'username' | 'role'>[],
): FirstAccount[] {
  if (existsSync(file)) return JSON.parse(readFileSync(file, 'utf8')) as FirstAccount[];
  const accounts = people.map(({ username, role }) => ({ username, password: randomPassword(), role }));
  const descriptor = openSync(`${file}.new`, 'w', 0o600);
  writeSync(descriptor, `${JSON.stringify(accounts, null, 2)}\n`);
  fsyncSync(descriptor);
  closeSync(descriptor);
  renameSync(`${file}.new`, file);
  return accounts;
}
