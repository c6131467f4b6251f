import { createHash } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { encodeEventLine } from '@palimpsest/archive';
import type { RecordedEvent } from '@palimpsest/event-store';
import { Lesson, uuid } from '../testing/lesson.js';
import { EventLines, type EventLinesOptions } from './event-lines.js';
import { sharedWith, sharedWithSubject, sourcesOfCourse, sourcesOfWork } from './sources.js';

describe('events as lines', () => {
  let lesson: Lesson;
  let all: RecordedEvent[];
  const metadata = { address: '203.0.113.7', session: uuid('s'), workspace: uuid('w') };

  beforeAll(async () => {
    lesson = await Lesson.begin();
    lesson.person('ada');
    lesson.person('ben');
    const space = await lesson.open('w', 'ada');
    const file = await lesson.create(space, 'a.py', 'ada');
    await lesson.edit(file, 'ada', (text) => text.insert(0, 'a'));
    await lesson.edit(file, 'ben', (text) => text.insert(0, 'b'));
    for (const name of ['ada', 'ben'])
      await lesson.record(
        `workspace-${space}`,
        lesson.actor(name),
        { type: 'FolderCreated', data: { path: name } },
        metadata,
      );
    const viewed = { type: 'WorkspaceViewed', data: { workspace: space, name: 'w' } } as const;
    await lesson.record('audit-2026-09', lesson.actor('ben'), viewed, { ...metadata, subject: uuid('ada') });
    await lesson.record('audit-2026-09', lesson.actor('ben'), viewed, metadata);
    await lesson.record(`course-${lesson.course}`, lesson.actor('ben'), { type: 'SectionAdded', data: { name: 'x' } });
    all = [];
    for await (const event of lesson.store.readAll()) all.push(event);
  });
  afterAll(() => lesson.end());

  async function read(options: Pick<EventLinesOptions, 'sources' | 'share'> & Partial<EventLinesOptions>) {
    const lines = new EventLines({ store: lesson.store, query: { course: 'c' }, ...options });
    const read: string[] = [];
    for await (const line of lines.lines()) read.push(line);
    return { read, manifest: await lines.manifest() };
  }

  it('are those of an archive, in the order of the log, and the manifest counts and hashes them', async () => {
    const share = sharedWith(uuid('x'), true);
    const { read: lines, manifest } = await read({ sources: sourcesOfCourse(lesson.scope()), share });
    const expected = all.filter(({ stream }) => !stream.startsWith('audit'));
    expect(lines).toEqual(expected.map((event) => `${encodeEventLine(event)}\n`));
    expect(manifest).toEqual({
      ...{ format: 'palimpsest-events', version: 1, log: await lesson.store.identity(), query: { course: 'c' } },
      ...{ count: expected.length, reduced: 0 },
      ...{ first: expected[0]?.position, last: expected.at(-1)?.position },
      sha256: createHash('sha256').update(lines.join('')).digest('hex'),
    });
  });

  it('have no address, session or connection of others', async () => {
    const { read: lines, manifest } = await read({
      ...{ sources: sourcesOfWork(lesson.scope()), share: sharedWith(uuid('ada'), false) },
    });
    const [ada, ben] = lines.slice(-2).map((line) => JSON.parse(line) as Record<string, string>);
    expect(JSON.parse(ada?.['metadata'] ?? '')).toMatchObject(metadata);
    expect(ben).toMatchObject({ reduced: true, type: 'FolderCreated' });
    expect(JSON.parse(ben?.['metadata'] ?? '')).toEqual({
      ...{ v: 1, actor: { id: uuid('ben'), role: 'student', via: 'web' }, workspace: metadata.workspace },
    });
    expect(manifest.reduced).toBe(2); // and the edit
  });

  it('of one person are what they did, what was done to them, and their own work', async () => {
    const own = new Set(sourcesOfWork(lesson.scope()).map(({ stream }) => stream));
    const sources = [...own, 'audit-2026-09', `course-${lesson.course}`].map((stream) => ({
      stream,
      since: new Date(0),
    }));
    const { read: lines } = await read({ sources, share: sharedWithSubject(uuid('ada'), own) });
    const kinds = lines.map((line) => (JSON.parse(line) as { type: string }).type);
    expect(kinds.filter((kind) => kind === 'WorkspaceViewed')).toHaveLength(1);
    expect(kinds).not.toContain('SectionAdded');
    expect(kinds.filter((kind) => kind === 'FileEdited')).toHaveLength(2);
    const { read: others } = await read({ sources, share: sharedWithSubject(uuid('nobody'), new Set()) });
    expect(others).toEqual([]);
  });

  it('are those of a time', async () => {
    const [, , third, fourth] = all;
    const share = sharedWith('', true);
    const { read: lines } = await read({
      ...{ sources: sourcesOfCourse(lesson.scope()), share },
      ...{ from: third?.recordedAt, until: fourth?.recordedAt },
    });
    expect(lines).toHaveLength(1);
  });
});
