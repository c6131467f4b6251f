import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import { asId, encodeFileEdited, FILE_EDITED, type FileId, streamOf, TEXT_ROOT, toJsonBytes } from '@palimpsest/domain';
import { createPostgresEventStore, type EventStore, migratePostgresEventStore } from '@palimpsest/event-store';
import { createTestDatabase, type TestDatabase } from '@palimpsest/test-support';
import * as Y from 'yjs';
import { readTimeline } from './file-timeline.js';

describe('the timeline of a file', () => {
  let database: TestDatabase;
  let store: EventStore;

  beforeAll(async () => {
    database = await createTestDatabase();
    await migratePostgresEventStore(database.url);
    store = createPostgresEventStore({ connectionString: database.url });
  });
  afterAll(async () => {
    await store.close();
    await database.drop();
  });

  it('of a file in which nothing was written is empty', async () => {
    expect(await readTimeline(store, asId<FileId>(randomUUID()))).toEqual({ authors: [], edits: [] });
  });

  it.each([1, 2, 3, 4, 5])(
    'leads, splice by splice, to the text after every edit: two authors, seed %i',
    async (seed) => {
      let state = seed;
      const next = (below: number) => (state = (state * 1103515245 + 12345) % 2 ** 31) % below;
      const file = asId<FileId>(randomUUID());
      const doc = new Y.Doc();
      const text = doc.getText(TEXT_ROOT);
      const texts: string[] = [];
      const updates: Uint8Array[] = [];
      doc.on('update', (update: Uint8Array) => updates.push(update));
      for (let step = 0; step < 80; step++) {
        doc.transact(() => {
          // Several places in one edit, as an undo or "replace all" makes them.
          for (let places = next(3) + 1; places > 0; places--) {
            if (text.length > 4 && next(3) === 0) text.delete(next(text.length - 3), 1 + next(3));
            else text.insert(next(text.length + 1), ['x', 'été\n', '👩‍🏫', 'שלום'][next(4)] ?? '');
          }
        });
        texts.push(text.toString());
      }
      const stored = updates.map((update, index) => {
        const actor = { id: index % 2 ? 'ben' : 'ada', role: 'student', via: 'websocket' } as const;
        const data = encodeFileEdited({ startedAt: 1_000 * index, edits: [{ ms: 7, origin: 'live', update }] });
        return {
          id: randomUUID(),
          type: FILE_EDITED,
          contentType: 'binary' as const,
          data,
          metadata: toJsonBytes({ v: 1, actor }),
        };
      });
      await store.append(streamOf.file(file), stored, { expected: 'noStream' });

      const { authors, edits } = await readTimeline(store, file);
      expect(authors.map(({ id }) => id)).toEqual(['ada', 'ben']);
      expect(edits).toHaveLength(updates.length);
      let shown = '';
      edits.forEach(([ms, author, revision, splices], index) => {
        for (const [at, remove, insert] of splices) shown = shown.slice(0, at) + insert + shown.slice(at + remove);
        expect(shown).toBe(texts[index]);
        expect([ms, author, revision]).toEqual([1_000 * index + 7, index % 2, index]);
      });
      doc.destroy();
    },
  );
});
