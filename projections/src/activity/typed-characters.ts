import { charactersOf, type Edit } from '@palimpsest/domain';

/** Characters (UTF-16 units) of a text that an edit has put in and taken out. */
export interface TypedCharacters {
  readonly inserted: number;
  readonly removed: number;
}

/** What was made offline comes with everything that its document has ever deleted, so of that nothing counts as removed. */
export function typedCharacters({ update, origin }: Pick<Edit, 'update' | 'origin'>): TypedCharacters {
  const { inserted, deleted } = charactersOf(update);
  return { inserted, removed: origin === 'sync' ? 0 : deleted };
}
