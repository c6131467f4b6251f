import { invalidRequest } from '../platform/problem.js';
import { type AuditQuery, parseAuditQuery } from '@palimpsest/domain';
import type { AuditRow } from '@palimpsest/projections';
import type { AuditEntryDto } from '@palimpsest/protocol';

/** Throws Problem with the place of the mistake, counted from 1, and what is allowed there. */
export function readQuery(q: string | undefined): AuditQuery {
  const parsed = parseAuditQuery(q ?? '');
  if (parsed.ok) return parsed.query;
  const { at, message } = parsed.mistake;
  throw invalidRequest([{ field: 'q', problem: `is wrong at character ${at + 1}: ${message}` }]);
}

export function entryDto({ entryNo, at, actorId, actorName, edits: _, ...row }: AuditRow): AuditEntryDto {
  return { entry: entryNo, at: at.toISOString(), actorId, actorName: actorName ?? actorId, ...row };
}
