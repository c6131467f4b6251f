import type { FirstPasswordDto } from './people.js';

/**
 * First passwords as CSV (RFC 4180) with a byte order mark, which spreadsheets need to read UTF-8. A cell that a spreadsheet
 * would compute gets an apostrophe before it: names come from outside.
 */
export function firstPasswordsCsv(passwords: readonly FirstPasswordDto[]): string {
  const rows = passwords.map(({ username, displayName, password }) => [username, displayName, password]);
  const lines = [['username', 'name', 'password'], ...rows].map((cells) => cells.map(quoted).join(','));
  return `\ufeff${lines.join('\r\n')}\r\n`;
}

function quoted(cell: string): string {
  const text = /^[=+\-@\t\r]/.test(cell) ? `'${cell}` : cell;
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
