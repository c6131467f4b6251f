import { type EditOrigin, isPasted, readMetadata } from '@palimpsest/domain';
import type { RecordedEvent } from '@palimpsest/event-store';
import type { EditKind } from '@palimpsest/protocol';

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

/** `lately` holds what was taken out shortly before. */
export function kindOf(way: EditWay, inserted: string, removed: string, lately: ReadonlySet<string>): EditKind {
  if (way !== 'live') return OF_WAY[way];
  if (isPasted(inserted)) return lately.has(inserted) ? 'put-back' : 'pasted';
  return inserted === '' && removed !== '' ? 'deleted' : 'typed';
}
