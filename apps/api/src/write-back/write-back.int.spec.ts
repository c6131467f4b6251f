import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { mediaTypeOf, PostgresBlobStore } from '@palimpsest/blobs';
import {
  asId,
  type CollectedFile,
  encodeEvent,
  FILE_EDITED,
  type FileId,
  type FileProduced,
  MAX_FILES,
  MAX_TEXT_LENGTH,
  type NotKept,
  readEvent,
  readMetadata,
  type RunEvent,
  type RunFile,
  type RunId,
  type RunRequested,
  streamOf,
  type UserId,
  type WorkspaceId,
} from '@palimpsest/domain';
import { RecordedDocuments } from '@palimpsest/documents';
import type { RecordedEvent } from '@palimpsest/event-store';
import type { FileDto, UserDto, WorkspaceDto, WrittenDto } from '@palimpsest/protocol';
import { eventually } from '@palimpsest/test-support';
import { CollabClient } from '../testing/collab-client.js';
import { TestApi } from '../testing/test-api.js';
import { CommandHandler } from '../commands/command-handler.js';
import { readConfiguration } from '../configuration.js';
import { WorkspaceAccess } from '../policies/workspace-access.js';
import { WorkspaceQuota } from '../workspaces/workspace-quota.js';
import { WriteBack } from './write-back.js';
import { DirectoryQueries, ReadModels } from '@palimpsest/projections';

const PNG = Buffer.from('89504e470d0a1a0a0000', 'hex');

describe('what a program wrote, brought into the workspace', () => {
  let api: TestApi;
  let blobs: PostgresBlobStore;
  let ada: string;
  let me: UserDto;
  let workspace: WorkspaceDto;

  beforeAll(async () => {
    api = await TestApi.start();
    blobs = new PostgresBlobStore(api.pool);
    ada = await api.signIn('ada');
    me = (await api.call<UserDto>('GET', '/api/auth/me', { token: ada })).body;
    workspace = await api.workspace(ada, /Ada/);
  });
  afterAll(() => api.stop());

  const files = async (): Promise<FileDto[]> =>
    (await api.call<WorkspaceDto>('GET', `/api/workspaces/${workspace.id}`, { token: ada })).body.files;
  const fileAt = async (path: string): Promise<FileDto | undefined> =>
    (await files()).find((file) => file.path === path);
  const create = async (path: string, text = ''): Promise<FileId> => {
    const body = { path, text };
    const { body: written } = await api.call<WrittenDto>('POST', `/api/workspaces/${workspace.id}/files`, {
      ...{ token: ada, body },
    });
    await shown(written.position);
    return asId<FileId>(written.id);
  };
  const shown = async (position: string | null) =>
    api.call('GET', `/api/workspaces/${workspace.id}?after=${encodeURIComponent(position ?? '')}`, { token: ada });
  const remove = async (file: string) => {
    const path = `/api/workspaces/${workspace.id}/files/${file}`;
    await shown((await api.call<WrittenDto>('DELETE', path, { token: ada })).body.position);
  };
  const revisionOf = async (file: FileId): Promise<string | null> => {
    const { revision } = await api.store.streamInfo(streamOf.file(file));
    return revision === undefined ? null : String(revision);
  };
  const textOf = async (file: string): Promise<string> => {
    const id = asId<FileId>(file);
    const revision = await revisionOf(id);
    return new RecordedDocuments(api.store).textAt(id, revision === null ? null : BigInt(revision));
  };
  const eventsOf = async (stream: string): Promise<RecordedEvent[]> => {
    const events: RecordedEvent[] = [];
    for await (const event of api.store.readStream(stream)) events.push(event);
    return events;
  };

  /** A run of `by` that saw these files as they are now. */
  async function run(seen: Readonly<Record<string, FileId>> = {}, by = me.id, where = workspace): Promise<RunId> {
    const id = asId<RunId>(randomUUID());
    const list: RunFile[] = [];
    for (const [path, file] of Object.entries(seen)) list.push({ file, path, revision: await revisionOf(file) });
    const data: RunRequested['data'] = {
      ...{ id, files: list, mode: 'repl', entry: null, columns: 80, rows: 24 },
      by: asId<UserId>(by),
      workspace: asId<WorkspaceId>(where.id),
      course: asId(where.course),
    };
    await append(id, { type: 'RunRequested', data });
    await append(id, {
      type: 'RunStarted',
      data: { executor: 'e', attempt: 'a', sandbox: 'full', startedAt: Date.now() },
    });
    return id;
  }
  async function append(id: RunId, event: RunEvent): Promise<RecordedEvent> {
    const encoded = {
      id: randomUUID(),
      ...encodeEvent(event, { actor: { id: 'system', role: 'system', via: 'executor' } }),
    };
    await api.store.append(streamOf.run(id), [encoded], { expected: 'any' });
    const [recorded] = (await eventsOf(streamOf.run(id))).filter((one) => one.id === encoded.id);
    return recorded!;
  }
  async function content(bytes: Buffer, kind: 'text' | 'binary') {
    const mediaType = kind === 'text' ? 'text/plain' : mediaTypeOf(bytes);
    return { kind, sha256: await blobs.put(bytes, mediaType), size: bytes.length, mediaType };
  }
  const text = async (path: string, value: string, more: Partial<CollectedFile> = {}): Promise<CollectedFile> => ({
    ...{ path, change: 'created', ...more },
    content: await content(Buffer.from(value), 'text'),
  });
  const binary = async (path: string, bytes: Buffer, more: Partial<CollectedFile> = {}): Promise<CollectedFile> => ({
    ...{ path, change: 'created', ...more },
    content: await content(bytes, 'binary'),
  });
  /** Says what the run's folder had, and waits for what became of it. */
  async function collected(id: RunId, batch: number, ...entries: readonly CollectedFile[]): Promise<Results> {
    await append(id, { type: 'FilesCollected', data: { ms: 1, batch, files: entries, notKept: [], more: 0 } });
    return results(id, batch, entries.length);
  }
  interface Results {
    readonly produced: FileProduced['data'][];
    readonly notKept: NotKept[];
  }
  const results = (id: RunId, batch: number, count: number): Promise<Results> =>
    eventually(
      async () => {
        const all = (await eventsOf(streamOf.run(id))).map((event) => readEvent(event) as RunEvent);
        const produced = all.flatMap((e) => (e.type === 'FileProduced' && e.data.batch === batch ? [e.data] : []));
        const notKept = all.flatMap((e) => (e.type === 'FilesNotKept' && e.data.batch === batch ? e.data.files : []));
        return produced.length + notKept.length >= count && { produced, notKept };
      },
      `the results of batch ${batch}`,
      20_000,
    );

  it('new files, text and binary, are there for everybody, written by the person who ran the program', async () => {
    const id = await run();
    const { produced, notKept } = await collected(
      id,
      0,
      await text('out/report.txt', 'Grüße 👩‍🏫\r\nzwei\r\n'),
      await binary('plot.png', PNG),
      await text('empty.txt', ''),
    );
    expect(notKept).toEqual([]);
    expect(produced).toMatchObject([
      { path: 'out/report.txt', change: 'created', kind: 'text', base: null, revision: '0' },
      { path: 'plot.png', change: 'created', kind: 'binary', size: PNG.length, revision: '0' },
      { path: 'empty.txt', change: 'created', kind: 'text', revision: null },
    ]);
    const report = await eventually(() => fileAt('out/report.txt'), 'the file in the tree');
    expect(await fileAt('plot.png')).toMatchObject({ kind: 'binary' });
    expect(await textOf(report.id)).toBe('Grüße 👩‍🏫\r\nzwei\r\n');
    const [edited] = await eventsOf(streamOf.file(asId<FileId>(report.id)));
    expect(readMetadata(edited!)).toMatchObject({
      actor: { id: me.id, role: 'student', via: 'executor' },
      ...{ correlation: id, workspace: workspace.id, file: report.id },
    });
  });

  it('a text that people are editing gets the change as an edit: theirs and its are both there, live, and may go on', async () => {
    const file = await create('shared.py', 'one = 1\ntwo = 2\nthree = 3\n');
    const person = await new CollabClient(api.address, file, ada).synced();
    const id = await run({ 'shared.py': file });
    person.text.insert(0, '# typed by a person\n');
    person.text.insert(person.text.toString().indexOf('three'), 'between = True\n');
    await eventually(async () => (await textOf(file)).includes('between'), 'the typed text being recorded');
    const first = await collected(
      id,
      0,
      await text('shared.py', 'one = 1\ntwo = 22\nthree = 3\n# end\n', { change: 'changed' }),
    );
    expect(first.produced).toMatchObject([{ path: 'shared.py', file, base: '0' }]);
    const merged = '# typed by a person\none = 1\ntwo = 22\nbetween = True\nthree = 3\n# end\n';
    await eventually(() => person.text.toString() === merged, 'the change in the open editor');
    // The program still has its own text, without what was typed: its next change is one of that.
    person.text.insert(person.text.length, '# typed later\n');
    await eventually(async () => (await textOf(file)).includes('later'), 'the typed text being recorded');
    await collected(id, 1, await text('shared.py', 'one = 1\ntwo = 22\nthree = 33\n# end\n', { change: 'changed' }));
    await eventually(() => person.text.toString().includes('three = 33\n# end\n# typed later\n'), 'the second change');
    // And the person goes on in text of the program's.
    person.text.insert(person.text.toString().indexOf('22'), '0');
    await eventually(async () => (await textOf(file)).includes('two = 022'), 'editing on');
    expect(await textOf(file)).toBe(person.text.toString());
    expect(person.closed).toBeUndefined();
    person.end();
  });

  it('many runs of one person write under one client id; two at the same time under one more, and both are there', async () => {
    const file = await create('often.txt', 'start\n');
    const clients = async () => {
      const doc = await new RecordedDocuments(api.store).at(file, BigInt((await revisionOf(file)) ?? 0));
      return doc.store.clients.size;
    };
    const before = await clients();
    for (let count = 1; count <= 5; count++)
      await collected(
        await run({ 'often.txt': file }),
        0,
        await text('often.txt', `start\nrun ${count}\n`, { change: 'changed' }),
      );
    expect(await clients()).toBe(before + 1);
    const [one, two] = [await run({ 'often.txt': file }), await run({ 'often.txt': file })];
    await Promise.all([
      collected(one, 0, await text('often.txt', 'one\nstart\nrun 5\n', { change: 'changed' })),
      collected(two, 0, await text('often.txt', 'start\nrun 5\ntwo\n', { change: 'changed' })),
    ]);
    await collected(one, 1, await text('often.txt', 'one\nstart\nrun 5\none again\n', { change: 'changed' }));
    const now = await textOf(file);
    for (const line of ['one', 'two', 'one again']) expect(now.split('\n')).toContain(line);
    expect(await clients()).toBeLessThanOrEqual(before + 3);
    // A room takes it all in, and people write on.
    const person = await new CollabClient(api.address, file, ada).synced();
    person.text.insert(0, 'typed ');
    await eventually(async () => (await textOf(file)) === `typed ${now}`, 'the edit');
    person.end();
  });

  it('while somebody types without a pause, the change comes in, and nothing of either is lost', async () => {
    const file = await create('busy.txt', 'start\nend\n');
    const person = await new CollabClient(api.address, file, ada).synced();
    const id = await run({ 'busy.txt': file });
    let typed = '';
    const typing = setInterval(() => {
      // A person may send 300 messages a minute.
      if (typed.length >= 150) return;
      const letter = String.fromCharCode(97 + (typed.length % 26));
      person.text.insert(person.text.toString().indexOf('\n'), letter);
      typed += letter;
    }, 20);
    const { produced } = await collected(
      id,
      0,
      await text('busy.txt', 'start\nby the program\nend\n', { change: 'changed' }),
    );
    clearInterval(typing);
    expect(produced).toHaveLength(1);
    const wanted = `start${typed}\nby the program\nend\n`;
    await eventually(() => person.text.toString() === wanted, 'both in the editor');
    await eventually(async () => (await textOf(file)) === wanted, 'both in the log');
    person.end();
  });

  it('renamed and deleted files are so in the tree; one that somebody has edited since is not deleted', async () => {
    const [a, b, c] = [await create('r1.txt', 'a'), await create('r2.txt', 'b'), await create('r3.txt', 'c')];
    const id = await run({ 'r1.txt': a, 'r2.txt': b, 'r3.txt': c });
    const person = await new CollabClient(api.address, c, ada).synced();
    person.text.insert(0, 'typed ');
    await eventually(async () => (await textOf(c)) === 'typed c', 'the edit');
    const { produced, notKept } = await collected(
      id,
      0,
      { path: 'r2.txt', change: 'deleted' },
      { path: 'r3.txt', change: 'deleted' },
      await text('moved/r1.txt', 'a and more', { change: 'moved', from: 'r1.txt' }),
    );
    expect(produced).toMatchObject([
      { path: 'r2.txt', change: 'deleted', file: b },
      { path: 'moved/r1.txt', change: 'moved', from: 'r1.txt', file: a },
    ]);
    expect(notKept).toEqual([{ path: 'r3.txt', reason: 'edited' }]);
    const paths = await eventually(async () => {
      const all = (await files()).map(({ path }) => path);
      return all.includes('moved/r1.txt') && all;
    }, 'the tree');
    expect(paths).toEqual(expect.arrayContaining(['r3.txt']));
    expect(paths).not.toEqual(expect.arrayContaining(['r2.txt']));
    expect(await textOf(a)).toBe('a and more');
    // The history of what was deleted stays.
    expect(await textOf(b)).toBe('b');
    person.end();
  });

  it('a name that a person has taken meanwhile is theirs: the file of the program gets another, told', async () => {
    const id = await run();
    const mine = await create('taken.txt', 'mine');
    const first = await collected(id, 0, await text('taken.txt', 'of the program'), await text('TAKEN.txt', 'x'));
    expect(first.produced).toMatchObject([{ path: 'taken.txt', keptAs: 'taken-2.txt' }]);
    expect(first.notKept).toMatchObject([
      { path: 'TAKEN.txt', reason: 'refused', detail: expect.stringContaining('taken.txt') },
    ]);
    expect(await textOf(mine)).toBe('mine');
    // The program writes on into its own file, whatever it is called here.
    await collected(id, 1, await text('taken.txt', 'of the program, more', { change: 'changed' }));
    expect(await textOf(first.produced[0]!.file)).toBe('of the program, more');
    expect(await textOf(mine)).toBe('mine');
  });

  it('a name that another run has taken is written over, unless a person has written there', async () => {
    const [one, two, three] = [await run(), await run(), await run()];
    const { produced } = await collected(one, 0, await text('result.txt', 'first\n'));
    const file = produced[0]!.file;
    const second = await collected(two, 0, await text('result.txt', 'second\n'));
    expect(second.produced).toMatchObject([{ file, path: 'result.txt' }]);
    expect(await textOf(file)).toBe('second\n');
    const person = await eventually(async () => {
      const client = new CollabClient(api.address, file, ada);
      return client.synced();
    }, 'the editor');
    person.text.insert(0, 'typed ');
    await eventually(async () => (await textOf(file)).startsWith('typed'), 'the edit');
    const third = await collected(three, 0, await text('result.txt', 'third\n'));
    expect(third.produced).toMatchObject([{ keptAs: 'result-2.txt' }]);
    expect(await textOf(file)).toBe('typed second\n');
    person.end();
  });

  it('a binary file takes its new content; what somebody else stored meanwhile stays', async () => {
    const [one, two] = [await run(), await run()];
    const [file] = (await collected(one, 0, await binary('b.bin', Buffer.from([0, 1])))).produced;
    const three = await run({ 'b.bin': file!.file });
    const same = await collected(one, 1, await binary('b.bin', Buffer.from([0, 2]), { change: 'changed' }));
    expect(same.produced).toMatchObject([{ file: file!.file, revision: '1' }]);
    const other = await collected(three, 0, await binary('b.bin', Buffer.from([0, 3]), { change: 'changed' }));
    expect(other.produced).toMatchObject([{ keptAs: 'b-2.bin' }]);
    const fresh = await collected(two, 0, await binary('b.bin', Buffer.from([0, 4])));
    expect(fresh.produced).toMatchObject([{ keptAs: 'b-3.bin' }]);
  });

  it('text that became bytes, and bytes that became text, are other files in the same place; edits of people are kept', async () => {
    const [plain, edited] = [await create('k1.dat', 'text'), await create('k2.dat', 'text')];
    const id = await run({ 'k1.dat': plain, 'k2.dat': edited });
    const person = await new CollabClient(api.address, edited, ada).synced();
    person.text.insert(0, 'typed ');
    await eventually(async () => (await textOf(edited)) === 'typed text', 'the edit');
    const { produced } = await collected(
      id,
      0,
      await binary('k1.dat', Buffer.from([0]), { change: 'changed' }),
      await binary('k2.dat', Buffer.from([0]), { change: 'changed' }),
    );
    expect(produced).toMatchObject([
      { path: 'k1.dat', kind: 'binary' },
      { path: 'k2.dat', kind: 'binary', keptAs: 'k2-2.dat' },
    ]);
    expect(produced[0]?.keptAs).toBeUndefined();
    const now = await eventually(async () => {
      const file = await fileAt('k1.dat');
      return file?.kind === 'binary' && file;
    }, 'the binary file');
    expect(now.id).not.toBe(plain);
    expect(await textOf(plain)).toBe('text');
    const back = await collected(id, 1, await text('k1.dat', 'text again', { change: 'changed' }));
    expect(back.produced).toMatchObject([{ path: 'k1.dat', kind: 'text' }]);
    person.end();
  });

  it('what people deleted meanwhile is made anew when the program has written to it', async () => {
    const file = await create('gone.txt', 'old');
    const id = await run({ 'gone.txt': file });
    await remove(file);
    const { produced } = await collected(id, 0, await text('gone.txt', 'new', { change: 'changed' }));
    expect(produced).toMatchObject([{ path: 'gone.txt' }]);
    expect(produced[0]?.file).not.toBe(file);
    expect(await textOf(produced[0]!.file)).toBe('new');
  });

  it('nothing is written for a person who may only read there, or whose right has been taken away', async () => {
    const material = await api.workspace(ada, /Lecture/);
    expect(material.access).toBe('read');
    const id = await run({}, me.id, material);
    const count = material.files.length;
    const { produced, notKept } = await collected(id, 0, await text('sneaky.txt', 'x'));
    expect(produced).toEqual([]);
    expect(notKept).toEqual([{ path: 'sneaky.txt', reason: 'not-allowed' }]);
    expect(
      (await api.call<WorkspaceDto>('GET', `/api/workspaces/${material.id}`, { token: ada })).body.files,
    ).toHaveLength(count);

    const ben = (await api.call<UserDto>('GET', '/api/auth/me', { token: await api.signIn('ben') })).body;
    const shared = await api.workspace(ada, /Pair/);
    const later = await run({}, ben.id, shared);
    const removed = { type: 'MemberRemoved', data: { user: asId<UserId>(ben.id) } } as const;
    const encoded = {
      id: randomUUID(),
      ...encodeEvent(removed, { actor: { id: 'system', role: 'system', via: 'system' } }),
    };
    await api.store.append(`course-${shared.course}`, [encoded], { expected: 'any' });
    expect((await collected(later, 0, await text('sneaky.txt', 'x'))).notKept).toMatchObject([
      { reason: 'not-allowed' },
    ]);
  });

  it('repeated, as after a crash, nothing is written twice, wherever it was interrupted', async () => {
    const file = await create('again.txt', 'one\n');
    const deleted = await create('again-gone.txt', 'x');
    const id = await run({ 'again.txt': file, 'again-gone.txt': deleted });
    const entries = [
      { path: 'again-gone.txt', change: 'deleted' } as const,
      await text('again.txt', 'one\ntwo\n', { change: 'changed' }),
      await text('again-new.txt', 'made'),
      await binary('again.png', PNG),
    ];
    const event = await append(id, {
      type: 'FilesCollected',
      data: { ms: 1, batch: 0, files: entries, notKept: [], more: 0 },
    });
    const { produced } = await results(id, 0, 4);
    const before = await everything();
    await api.app.get(WriteBack).bringIn(event);
    expect(await everything()).toEqual(before);
    // As if it had been interrupted before its results were recorded: they are not seen, and made again.
    const again = new WriteBack(
      withoutResults(id),
      api.pool,
      readConfiguration(process.env),
      ...([CommandHandler, DirectoryQueries, ReadModels, WorkspaceAccess, RecordedDocuments, PostgresBlobStore].map(
        (part) => api.app.get<unknown>(part),
      ) as [CommandHandler, DirectoryQueries, ReadModels, WorkspaceAccess, RecordedDocuments, PostgresBlobStore]),
      api.app.get(WorkspaceQuota),
    );
    await again.bringIn(event);
    expect(await everything()).toEqual(before);
    expect(produced.map(({ path }) => path)).toEqual(['again-gone.txt', 'again.txt', 'again-new.txt', 'again.png']);

    async function everything(): Promise<Record<string, number>> {
      const streams = [
        streamOf.workspace(asId(workspace.id)),
        streamOf.run(id),
        ...produced.map((one) => streamOf.file(one.file)),
      ];
      const counts: Record<string, number> = {};
      for (const stream of streams) counts[stream] = (await eventsOf(stream)).length;
      return counts;
    }
    function withoutResults(run: RunId) {
      return new Proxy(api.store, {
        get(target, name) {
          if (name === 'readStream')
            return async function* (stream: string, options: object) {
              for await (const one of target.readStream(stream, options))
                if (stream !== streamOf.run(run) || !/^File(Produced|sNotKept)$/.test(one.type)) yield one;
            };
          const value: unknown = Reflect.get(target, name, target);
          return typeof value === 'function' ? (value as () => unknown).bind(target) : value;
        },
      });
    }
  });

  it('a text of the most characters comes in whole; with what people typed meanwhile it may be too long, and is told', async () => {
    const file = await create('large.txt', 'start\n');
    const id = await run({ 'large.txt': file });
    const largest = `start\n${'0123456é\r\n'.repeat(MAX_TEXT_LENGTH / 10).slice(0, MAX_TEXT_LENGTH - 6)}`;
    expect(largest).toHaveLength(MAX_TEXT_LENGTH);
    const first = await collected(id, 0, await text('large.txt', largest, { change: 'changed' }));
    expect(first.notKept).toEqual([]);
    expect(await textOf(file)).toBe(largest);
    expect((await eventsOf(streamOf.file(file))).filter(({ type }) => type === FILE_EDITED).length).toBeGreaterThan(2);
    const other = await create('large-2.txt', 'start\n');
    const second = await run({ 'large-2.txt': other });
    const person = await new CollabClient(api.address, other, ada).synced();
    person.text.insert(0, 'x');
    await eventually(async () => (await textOf(other)).startsWith('x'), 'the edit');
    const { notKept } = await collected(second, 0, await text('large-2.txt', largest, { change: 'changed' }));
    expect(notKept).toMatchObject([{ path: 'large-2.txt', reason: 'too-large' }]);
    expect(await textOf(other)).toBe('xstart\n');
    person.end();
  });

  it('content that is lost is told, and the others come in', async () => {
    const id = await run();
    const lost = {
      path: 'lost.txt',
      change: 'created',
      content: { kind: 'text', sha256: 'ab'.repeat(32), size: 1, mediaType: 'text/plain' },
    } as const;
    const { produced, notKept } = await collected(id, 0, lost, await text('found.txt', 'x'));
    expect(notKept).toMatchObject([{ path: 'lost.txt', reason: 'failed' }]);
    expect(produced).toMatchObject([{ path: 'found.txt' }]);
  });

  it('a workspace takes as many files as it holds, and says so of the next', async () => {
    const id = await run();
    const room = MAX_FILES - (await files()).length;
    const one = await content(Buffer.from('x'), 'text');
    const made = Array.from({ length: room + 1 }, (_, n): CollectedFile => ({
      path: `many/${n}`,
      change: 'created',
      content: one,
    }));
    let notKept: NotKept[] = [];
    for (let batch = 0; batch * 100 < made.length; batch++)
      notKept = [...notKept, ...(await collected(id, batch, ...made.slice(batch * 100, batch * 100 + 100))).notKept];
    expect(notKept).toMatchObject([
      { path: `many/${room}`, reason: 'refused', detail: expect.stringContaining('at most 500') },
    ]);
  }, 120_000);
});
