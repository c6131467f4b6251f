import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { RecordedDocuments } from '@palimpsest/documents';
import type { DomainEvent } from '@palimpsest/domain';
import { ExportFolder } from '../export-folder.js';
import { exited, Lesson, uuid } from '../testing/lesson.js';
import { ProgSnap2Dataset, type ProgSnap2Options, SAVE_AFTER_MS } from './dataset.js';

const run = promisify(execFile);
const VALIDATOR = new URL('./testing/validate.py', import.meta.url).pathname;
const KEY = Buffer.from('a key of the tests');

interface Verdict {
  readonly problems: string[];
  readonly replayed: Record<string, string>;
  readonly states: Record<string, string>;
}

const raised = (exception: string, line: number): DomainEvent => ({
  type: 'ErrorRaised',
  data: {
    ...{ ms: 3, exception, message: 'no, "not" so\r\nat all', path: 'main.py', line },
    explanation: { id: 'e1', text: 'Python does not know it.' },
    traceback: `Traceback: ${exception}\n`,
  },
});
const ended = (exception: string): DomainEvent => ({
  type: 'ReplEntered',
  data: { ms: 4, script: { kind: 'raised', exception } },
});
const printed = (text: string): DomainEvent => ({ type: 'OutputEmitted', data: { chunks: [[1, text]] } });

describe('a ProgSnap2 dataset', () => {
  let lesson: Lesson;
  let folders: string[];
  let shared: string;
  let main: string;
  let notes: string;
  let solo: string;
  const item = uuid('item');

  /** Two students and a professor: everything that the traps of the format are about. */
  beforeAll(async () => {
    folders = [];
    lesson = await Lesson.begin();
    for (const name of ['ada', 'ben', 'cleo']) lesson.person(name);
    lesson.person('hopper', 'professor');
    const session = await lesson.signIn('ada');
    shared = await lesson.open('group work', 'ada', { kind: 'copy', item, group: uuid('group') });
    main = await lesson.upload(shared, 'main.py', 'ada', 'print("hi")\r\n');
    const opened = { connection: uuid('connection'), workspace: shared, file: main, path: 'main.py' };
    await lesson.record(session, lesson.actor('ada', 'websocket'), { type: 'ConnectionOpened', data: opened });
    const elsewhere = { ...opened, workspace: uuid('of another course'), path: 'secret.py' };
    await lesson.record(session, lesson.actor('ada', 'websocket'), { type: 'ConnectionOpened', data: elsewhere });
    lesson.wait(60);
    await lesson.edit(main, 'ada', (text) => text.insert(0, '# 👩‍🏫 été\n'));
    await lesson.edit(main, 'ben', (text) => text.insert(text.length, 'x = '));
    await lesson.edit(main, 'ben', (text) => text.insert(text.length, 'None'));
    await lesson.edit(main, 'ada', (text) => text.insert(2, '🙂'));
    await lesson.edit(main, 'ben', (text) => {
      text.insert(text.length, '\n, "quoted"\n');
      text.delete(0, 1);
    });
    const source = { 'main.py': main };
    await lesson.run('run 1', shared, 'ada', source, [raised('SyntaxError', 2), ended('SyntaxError'), exited(1)]);
    await lesson.edit(main, 'ada', (text) => text.delete(text.toString().indexOf('None'), 4));
    await lesson.edit(main, 'ada', (text) =>
      text.insert(0, `${'# a long comment that came in one piece\n'.repeat(2)}`),
    );
    await lesson.run('run 2', shared, 'ben', source, [
      printed('hi, "there"\r\n'),
      { type: 'InputProvided', data: { by: uuid('ben') as never, text: 'Ben\r' } },
      raised('NameError', 1),
      ended('NameError'),
      exited(1),
    ]);
    await lesson.run('run 3', shared, 'ben', source, [
      { type: 'RunFinished', data: { outcome: { kind: 'timed-out', limit: 'cpu', seconds: 10 }, usage: null } },
    ]);
    await lesson.run('run 4', shared, 'ben', source, []); // still going on
    notes = await lesson.create(shared, 'notes.md', 'ben');
    await lesson.edit(notes, 'hopper', (text) => text.insert(0, 'NaN'));
    await lesson.record(`workspace-${shared}`, lesson.actor('ben'), {
      type: 'FileMoved',
      data: { file: notes as never, from: 'notes.md', to: 'doc/notes, final.md' },
    });
    const at = lesson.now;
    await lesson.record(`workspace-${shared}`, lesson.actor('ben'), {
      type: 'WorkHandedIn',
      data: {
        ...{ item: item as never, by: uuid('ben') as never, at, late: false, deadline: null, digest: '0'.repeat(64) },
        files: [
          {
            ...{ file: main as never, path: 'main.py', kind: 'text', revision: lesson.revision(main) },
            ...{ sha256: '0'.repeat(64), size: 1 },
          },
        ],
      },
    });
    const own = await lesson.open('own', 'cleo');
    solo = await lesson.create(own, 'main.py', 'cleo');
    await lesson.edit(solo, 'cleo', (text) => text.insert(0, '=1+1\0'));
    await lesson.record(session, lesson.actor('ada', 'websocket'), {
      type: 'ConnectionClosed',
      data: { ...opened, reason: 'left', at: lesson.now - 10_000 },
    });
    await lesson.record(session, lesson.actor('ada'), { type: 'SignedOut', data: { user: uuid('ada') } });
    await lesson.record(
      'audit-2026-09',
      lesson.actor('ben'),
      { type: 'LimitReached', data: { limit: 'runs-a-minute', most: 10, waitSeconds: 3 } },
      { course: lesson.course },
    );
  });
  afterAll(async () => {
    await lesson.end();
    for (const folder of folders) await rm(folder, { recursive: true, force: true });
  });

  async function write(more: Partial<ProgSnap2Options> = {}) {
    const folder = await mkdtemp(join(tmpdir(), 'palimpsest-progsnap2-'));
    folders.push(folder);
    const scope = lesson.scope({
      groups: [{ id: uuid('group'), members: [uuid('ada'), uuid('ben')] }],
      items: [{ id: item, kind: 'assignment', section: 'Assignments', title: 'Loops, "for" beginners' }],
    });
    const dataset = new ProgSnap2Dataset(
      {
        ...{ store: lesson.store, documents: new RecordedDocuments(lesson.store), scope, mode: 'strict' },
        ...{ identified: false, key: KEY, version: '1.0.0', ...more },
      },
      new ExportFolder(folder),
    );
    const pieces: string[] = [];
    for await (const piece of dataset.mainTable()) pieces.push(piece);
    await writeFile(join(folder, 'MainTable.csv'), pieces.join(''));
    return {
      folder,
      rows: dataset.rows,
      table: pieces.join(''),
      read: (path: string) => readFile(join(folder, path), 'utf8'),
    };
  }

  async function verdict(folder: string, ...words: string[]): Promise<Verdict> {
    const { stdout } = await run('/usr/bin/python3', [VALIDATOR, folder, ...words], { maxBuffer: 2 ** 26 });
    return JSON.parse(stdout) as Verdict;
  }

  const expected = (text: string) => text.replaceAll('\r', '').replaceAll('\0', '\ufffd');

  it.each(['strict', 'extended'] as const)(
    'is valid in every row (%s), and readers put the texts together as they were',
    async (mode) => {
      const { folder } = await write({ mode });
      const { problems, replayed, states } = await verdict(folder, mode);
      expect(problems).toEqual([]);
      const texts = Object.entries(replayed).map(([place, text]) => [place.split('|').at(-1), text]);
      expect(texts).toEqual(
        expect.arrayContaining([
          ['main.py', expected(lesson.text(main))],
          ['doc/notes, final.md', 'NaN'],
          ['main.py', expected(lesson.text(solo))],
        ]),
      );
      expect(Object.values(states)).toContain(expected(lesson.text(main)));
      expect(Object.values(states)).toContain(expected(lesson.text(solo)));
    },
  );

  it('tells of authors, pastes, runs, errors, hand-ins and sessions', async () => {
    const { table, read } = await write({ mode: 'extended' });
    for (const kind of [
      'Session.Start',
      'Session.End',
      'Project.Open',
      'File.Create',
      'File.Open',
      'File.Close',
      'File.Rename',
      'File.Save',
    ])
      expect(table).toMatch(new RegExp(`^${kind},`, 'm'));
    const rows = (kind: string) => table.split('\r\n').filter((line) => line.startsWith(`${kind},`));
    expect(rows('Compile.Error').join()).toMatch(/SyntaxError/);
    expect(rows('Run.Program')).toHaveLength(3);
    expect(['Error', 'Error', 'Timeout'].map((one, n) => rows('Run.Program')[n]?.includes(`,${one},`))).toEqual([
      ...[true, true, true],
    ]);
    expect(rows('Submit')).toHaveLength(1);
    expect(rows('Intervention')).toHaveLength(2);
    expect(table).toContain(',InstructorDirectAction,Insert,');
    expect(table).toContain(',UserDirectAction,Paste,');
    expect(table).toContain(',UserIndirectAction,GenericEdit,');
    expect(rows('X-Limit.Reached')).toHaveLength(1);
    const link = await read('LinkTables/LinkExecution.csv');
    const [, first = ''] = link.split('\r\n');
    const [execution = '', order = ''] = first.split(',');
    expect(table.split('\r\n').find((line) => line.split(',')[5] === order)).toContain(execution);
    expect(await read(`Resources/${rows('Run.Program')[1]?.match(/Resources\/(\w+-stdout\.txt)/)?.[1] ?? ''}`)).toBe(
      'hi, "there"\r\n',
    );
  });

  it('names nobody, and the address of nobody, unless it is asked to', async () => {
    const { folder, table, read } = await write({ mode: 'extended' });
    const link = await read('LinkTables/LinkSubject.csv');
    const { stdout } = await run('grep', ['-rlE', '203\\.0\\.113|Person |user-', folder]).catch(() => ({ stdout: '' }));
    expect(stdout).toBe('');
    for (const name of ['ada', 'ben', 'hopper']) expect(`${table}${link}`).not.toContain(uuid(name));
    const named = await (await write({ identified: true })).read('LinkTables/LinkSubject.csv');
    expect(named).toContain(uuid('ada'));
    expect(named).toContain('Person ');
  });

  it('gives the same pseudonyms with the same key, others with another, and the same bytes again', async () => {
    const first = await write();
    expect((await write()).table).toBe(first.table);
    const subjects = (table: string) =>
      new Set(
        table
          .split('\r\n')
          .slice(1, -1)
          .map((line) => line.split(',')[3]),
      );
    const other = subjects((await write({ key: Buffer.from('another') })).table);
    for (const subject of subjects(first.table)) expect(other.has(subject)).toBe(false);
  });

  it('may begin in the middle: states are right, and there is nothing of before', async () => {
    const from = new Date(Date.UTC(2026, 8, 1, 8, 1));
    const { folder, table, rows } = await write({ from });
    expect(table).not.toContain('Session.Start');
    expect(rows).toBeLessThan((await write()).rows);
    const { problems, states } = await verdict(folder, 'strict', 'part');
    expect(problems).toEqual([]);
    expect(Object.values(states)).toContain(expected(lesson.text(main)));
    const [first = ''] = table.split('\r\n').filter((line) => line.startsWith('File.Edit'));
    const state = first.split(',')[2] ?? '';
    expect(await readFile(join(folder, 'CodeStates.csv'), 'utf8')).toContain(`${state},"print(""hi"")\n",main.py`);
    const until = new Date(from.getTime() - 30_000);
    expect((await write({ until })).table).not.toContain('Run.Program');
  });

  it('stops reading when it is not wanted any more', async () => {
    const stop = new AbortController();
    const folder = await mkdtemp(join(tmpdir(), 'palimpsest-progsnap2-'));
    folders.push(folder);
    const scope = lesson.scope();
    const dataset = new ProgSnap2Dataset(
      {
        ...{ store: lesson.store, documents: new RecordedDocuments(lesson.store), scope, mode: 'strict' },
        ...{ identified: false, key: KEY, version: '1', signal: stop.signal },
      },
      new ExportFolder(folder),
    );
    const table = dataset.mainTable();
    await table.next();
    await table.next();
    stop.abort(new Error('gone'));
    await expect(table.next()).rejects.toThrow('gone');
  });
});

it('a workspace is saved when nobody has edited it for half a minute, and not before', async () => {
  const lesson = await Lesson.begin();
  const folder = await mkdtemp(join(tmpdir(), 'palimpsest-progsnap2-'));
  try {
    const file = await lesson.create(await lesson.open('w', 'ada'), 'a.py', 'ada');
    for (const pause of [SAVE_AFTER_MS - 1, SAVE_AFTER_MS, 0]) {
      const begun = lesson.now;
      await lesson.edit(file, 'ada', (text) => text.insert(0, 'x'));
      lesson.now = begun + pause;
    }
    const dataset = new ProgSnap2Dataset(
      {
        ...{ store: lesson.store, documents: new RecordedDocuments(lesson.store), scope: lesson.scope() },
        ...{ mode: 'strict', identified: false, key: KEY, version: '1' },
      },
      new ExportFolder(folder),
    );
    const lines: string[] = [];
    for await (const piece of dataset.mainTable()) lines.push(...piece.split('\r\n'));
    const kinds = lines.map((line) => line.split(',')[0]).filter((kind) => kind?.startsWith('File.'));
    expect(kinds).toEqual(['File.Create', 'File.Edit', 'File.Edit', 'File.Save', 'File.Edit', 'File.Save']);
  } finally {
    await lesson.end();
    await rm(folder, { recursive: true, force: true });
  }
});
