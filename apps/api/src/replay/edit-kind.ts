import { type EditOrigin, readMetadata } from '@palimpsest/domain';
import type { RecordedEvent } from '@palimpsest/event-store';
import type { EditKind } from '@palimpsest/protocol';

/** Characters from which on an insertion of more than one word counts as pasted: nobody types so much between two updates. */
export const PASTE_UNITS = 30;

/** Which way an edit took: live or offline from an editor, or written by the server for somebody. */
export type EditWay = 'live' | 'sync' | 'program' | 'server' | 'restore';

/** The server writes uploads, templates, what programs change, and what is restored; the last name what they restore. */
export function wayOf(event: RecordedEvent, origin: EditOrigin): EditWay {
  if (origin !== 'server') return origin;
  const { actor, causation } = readMetadata(event);
  if (actor.via === 'executor') return 'program';
  return causation === undefined ? 'server' : 'restore';
}

const OF_WAY: Readonly<Record<Exclude<EditWay, 'live'>, EditKind>> = {
  sync: 'offline',
  program: 'program',
  server: 'server',
  restore: 'restored',
};

/**
 * Too much for typing: several lines with something on them, or PASTE_UNITS characters of more than one word. A line that an
 * editor indents, a bracket that it closes and a name that it completes are not.
 */
export function isPasted(inserted: string): boolean {
  const words = inserted.trim().split(/\s+/u).length;
  if (inserted.length >= PASTE_UNITS && words > 1) return true;
  return inserted.split('\n').filter((line) => line.trim() !== '').length > 1;
}

/** `lately` holds what was taken out shortly before. */
export function kindOf(way: EditWay, inserted: string, removed: string, lately: ReadonlySet<string>): EditKind {
  if (way !== 'live') return OF_WAY[way];
  if (isPasted(inserted)) return lately.has(inserted) ? 'put-back' : 'pasted';
  return inserted === '' && removed !== '' ? 'deleted' : 'typed';
}
