import type { Edit } from '@palimpsest/domain';
import * as Y from 'yjs';

/** Characters (UTF-16 units) of a text that an edit has put in and taken out. */
export interface TypedCharacters {
  readonly inserted: number;
  readonly removed: number;
}

const NONE: TypedCharacters = { inserted: 0, removed: 0 };

/**
 * Counted from the update alone, without the document. What was made offline comes with everything that its document has
 * ever deleted, so of such an edit nothing counts as removed. An update that cannot be read counts for nothing.
 */
export function typedCharacters({ update, origin }: Pick<Edit, 'update' | 'origin'>): TypedCharacters {
  try {
    const { structs, ds } = Y.decodeUpdate(update);
    let inserted = 0;
    for (const struct of structs)
      if (struct instanceof Y.Item && struct.content instanceof Y.ContentString) inserted += struct.length;
    let removed = 0;
    if (origin !== 'sync') for (const ranges of ds.clients.values()) for (const { len } of ranges) removed += len;
    return { inserted, removed };
  } catch {
    return NONE;
  }
}
