import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import {
  asId,
  decodeFileEdited,
  encodeFileEdited,
  FILE_EDITED,
  type FileId,
  streamOf,
  TEXT_ROOT,
  toJsonBytes,
} from '@palimpsest/domain';
import {
  type ComparisonDto,
  decodeReplayKeyframe,
  decodeReplayPage,
  type FileDto,
  type FileHistoryDto,
  type FileStateDto,
  type HistoryRunDto,
  type LookDto,
  type PasteOriginDto,
  type ProblemDto,
  type RestoredMomentDto,
} from '@palimpsest/protocol';
import { eventually } from '@palimpsest/test-support';
import * as Y from 'yjs';
import { TestApi } from '../testing/test-api.js';

/** Several lines at once, which counts as pasted. */
const PASTED = 'def area(width, height):\n    return width * height\n';
const MINUTE = 60_000;
const START = Date.now() - 100 * MINUTE;

let api: TestApi;
let ada: string;
let ben: string;
let hopper: string;
const ids: Record<string, string> = {};

beforeAll(async () => {
  api = await TestApi.start();
  [ada, ben, hopper] = (await Promise.all(['ada', 'ben', 'hopper'].map((name) => api.signIn(name)))) as [
    string,
    string,
    string,
  ];
  const { rows } = await api.pool.query<{ id: string; username: string }>('select id, username from read.person');
  for (const { id, username } of rows) ids[username] = id;
});
afterAll(() => api.stop());

type Piece = readonly [minute: number, text: string, instead?: readonly [at: number, units: number]];

/**
 * Appends what somebody types at the end of the file, or instead of something in it, each piece at its minute after START, as an
 * editor would have sent it.
 */
async function type(file: string, by: string, pieces: readonly Piece[]) {
  const stream = streamOf.file(asId<FileId>(file));
  const doc = new Y.Doc();
  const { revision } = await api.store.streamInfo(stream);
  if (revision !== undefined)
    for await (const { data } of api.store.readStream(stream))
      for (const { update } of decodeFileEdited(data).edits) Y.applyUpdate(doc, update);
  const updates: Uint8Array[] = [];
  doc.on('update', (update: Uint8Array) => updates.push(update));
  const text = doc.getText(TEXT_ROOT);
  for (const [, piece, [at, units] = [text.length, 0]] of pieces)
    doc.transact(() => {
      if (units > 0) text.delete(at, units);
      text.insert(at, piece);
    });
  const actor = { id: ids[by], role: by === 'hopper' ? 'professor' : 'student', via: 'websocket' };
  const events = updates.map((update, n) => {
    const startedAt = START + (pieces[n]?.[0] ?? 0) * MINUTE;
    const data = encodeFileEdited({ startedAt, edits: [{ ms: 0, origin: 'live', update }] });
    const metadata = toJsonBytes({ v: 1, actor, file });
    return { id: randomUUID(), type: FILE_EDITED, contentType: 'binary' as const, data, metadata };
  });
  await api.store.append(stream, events, { expected: revision ?? 'noStream' });
}

async function newFile(token: string, workspace: RegExp, path = `${randomUUID()}.py`): Promise<FileDto> {
  const { id } = await api.workspace(token, workspace);
  const made = await api.call<{ id: string; position: string }>('POST', `/api/workspaces/${id}/files`, {
    token,
    body: { path },
  });
  expect(made.status).toBe(201);
  await api.call('GET', `/api/workspaces/${id}?after=${encodeURIComponent(made.body.position)}`, { token });
  return { ...made.body, path } as unknown as FileDto;
}

/** With a condition, fetch of Node would ask for everything again; a browser does not. */
const asABrowser = { 'cache-control': 'max-age=0' };

const get = <Body>(token: string, path: string, headers: Record<string, string> = {}) =>
  api.call<Body>('GET', `/api/files/${path}`, { token, headers: { ...asABrowser, ...headers } });
const overview = async (token: string, file: string) => (await get<FileHistoryDto>(token, `${file}/history`)).body;

async function bytesOf(token: string, path: string, headers: Record<string, string> = {}) {
  const response = await fetch(`http://${api.address}/api/files/${path}`, {
    headers: { authorization: `Bearer ${token}`, ...asABrowser, ...headers },
  });
  return { status: response.status, headers: response.headers, bytes: new Uint8Array(await response.arrayBuffer()) };
}

describe('the history of a file', () => {
  it('is an overview first: how long, who, which pages, what to go to', async () => {
    const { id, path } = await newFile(ada, /Ada/);
    await type(id, 'ada', [
      [0, 'x = 1\n'],
      [1, PASTED],
      [10, '# done\n'],
    ]);
    const history = await overview(ada, id);
    expect(history).toMatchObject({ file: id, path, mayEdit: true, edits: 3, allMarks: 2 });
    expect(history.authors).toEqual([{ id: ids['ada'], role: 'student', name: 'Ada' }]);
    expect(history.stretches).toEqual([{ edits: 3, ms: START, by: [[0, 3]] }]);
    expect(history.pages).toMatchObject([{ first: 0, edits: 3, startMs: START, endMs: START + 10 * MINUTE }]);
    expect(history.marks).toEqual([
      { kind: 'pasted', edit: 2, ms: START + MINUTE, author: 0, size: PASTED.length },
      { kind: 'pause', edit: 3, ms: START + 10 * MINUTE, author: 0, size: 9 * MINUTE },
    ]);
    expect((await overview(hopper, id)).mayEdit).toBe(false);
  });

  it('of a file in which nothing was written is empty, and has a beginning', async () => {
    const { id } = await newFile(ada, /Ada/);
    expect(await overview(ada, id)).toMatchObject({ edits: 0, authors: [], pages: [], marks: [], stretches: [] });
    expect((await get<FileStateDto>(ada, `${id}/at`)).body).toMatchObject({ edit: 0, text: '', spans: [] });
    const { bytes } = await bytesOf(ada, `${id}/history/keyframes/0`);
    expect(decodeReplayKeyframe(bytes).text).toBe('');
    expect((await bytesOf(ada, `${id}/history/pages/0`)).status).toBe(404);
  });

  it('comes in pages that are good for ever by their tag, and not otherwise', async () => {
    const { id } = await newFile(ada, /Ada/);
    await type(id, 'ada', [[0, 'x = 1\n']]);
    const tag = (await overview(ada, id)).pages[0]?.tag;
    const fixed = await bytesOf(ada, `${id}/history/pages/0?tag=${tag}`);
    expect(fixed.headers.get('cache-control')).toBe('private, max-age=31536000, immutable');
    expect(fixed.headers.get('vary')).toContain('Cookie');
    expect(decodeReplayPage(fixed.bytes).edits).toMatchObject([
      { author: 0, kind: 'typed', splices: [[0, 0, 'x = 1\n']] },
    ]);
    const plain = await bytesOf(ada, `${id}/history/pages/0`, { 'accept-encoding': 'identity' });
    expect(plain.headers.get('cache-control')).toBe('private, no-cache');
    expect(plain.headers.get('content-encoding')).toBeNull();
    expect(plain.bytes).toEqual(fixed.bytes);
    const etag = plain.headers.get('etag') ?? '';
    const again = await bytesOf(ada, `${id}/history/pages/0`, { 'accept-encoding': 'identity', 'if-none-match': etag });
    expect([again.status, again.bytes.length]).toEqual([304, 0]);
    // The page has grown: what was asked for by its old tag is not said to be for ever.
    await type(id, 'ada', [[1, 'y = 2\n']]);
    const old = await bytesOf(ada, `${id}/history/pages/0?tag=${tag}`);
    await overview(ada, id);
    const grown = await bytesOf(ada, `${id}/history/pages/0?tag=${tag}`);
    expect(grown.headers.get('cache-control')).toBe('private, no-cache');
    expect(decodeReplayPage(grown.bytes).edits).toHaveLength(2);
    expect(decodeReplayPage(old.bytes).edits).toHaveLength(
      old.headers.get('cache-control')?.includes('immutable') ? 1 : 2,
    );
  });

  it('is not for those who may not see the file, and a look by others is recorded', async () => {
    const { id, path } = await newFile(ada, /Ada/);
    await type(id, 'ada', [[0, 'x = 1\n']]);
    const tag = (await overview(ada, id)).pages[0]?.tag;
    for (const way of [
      `history`,
      `history/pages/0?tag=${tag}`,
      'history/keyframes/0',
      'at?edit=1',
      'compare?from=0&to=1',
      'history/runs',
      'history/pastes/1',
    ])
      expect((await get(ben, `${id}/${way}`)).status).toBe(404);
    await get(hopper, `${id}/at?edit=1`);
    const looks = async () => (await api.call<LookDto[]>('GET', '/api/looks', { token: ada })).body;
    await eventually(
      async () => (await looks()).some(({ what, object }) => what === 'history' && object === path),
      'the look',
    );
  });
});

describe('a moment of a file', () => {
  it('is its text after an edit, a revision, at a time, and who wrote what of it', async () => {
    const { id } = await newFile(ada, /Pair/);
    await type(id, 'ada', [
      [0, 'a = 1\n'],
      [1, 'b = 2\n'],
    ]);
    await type(id, 'ben', [[2, PASTED]]);
    const now = (await get<FileStateDto>(ada, `${id}/at`)).body;
    expect(now.text).toBe(`a = 1\nb = 2\n${PASTED}`);
    expect(now.authors).toEqual(['ada', 'ben'].map((name) => ({ id: ids[name], role: 'student' })));
    expect(now.spans).toEqual([
      [6, 0, 'typed', 1, START, 1],
      [6, 0, 'typed', 2, START + MINUTE, 2],
      [PASTED.length, 1, 'pasted', 3, START + 2 * MINUTE, 3],
    ]);
    for (const way of ['edit=2', 'revision=1', `at=${new Date(START + 1.5 * MINUTE).toISOString()}`]) {
      const then = await get<FileStateDto>(ben, `${id}/at?${way}`);
      expect(then.body).toMatchObject({ edit: 2, revision: 1, ms: START + MINUTE, text: 'a = 1\nb = 2\n' });
      const isFixed = !way.startsWith('at');
      expect(then.headers.get('cache-control')?.includes('immutable')).toBe(isFixed);
      const known = await get(ben, `${id}/at?${way}`, { 'if-none-match': then.headers.get('etag') ?? '' });
      expect(known.status).toBe(304);
    }
  });

  it.each([
    ['at?edit=2', 404, 'no-such-edit'],
    ['at?revision=1', 404, 'no-such-revision'],
    ['at?edit=1&revision=0', 400, 'invalid-request'],
    ['at?at=yesterday', 400, 'invalid-request'],
    ['at?at=2026-13-40T00:00:00Z', 400, 'invalid-request'],
    ['at?edit=-1', 400, 'invalid-request'],
    ['compare?from=0&to=2', 404, 'not-found'],
    ['compare?from=0', 400, 'invalid-request'],
    ['history/pages/1', 404, 'not-found'],
    ['history/pages/0?tag=x', 400, 'invalid-request'],
    ['history/keyframes/1', 404, 'not-found'],
    ['history/pastes/2', 404, 'not-found'],
    ['history/pastes/1', 422, 'too-short'],
  ])('that there is not is told in words: %s', async (way, status, code) => {
    const { id } = await newFile(ada, /Ada/);
    await type(id, 'ada', [[0, 'x = 1\n']]);
    const answer = await get<ProblemDto>(ada, `${id}/${way}`);
    expect([answer.status, answer.body.code]).toEqual([status, code]);
    expect(answer.headers.get('cache-control')).toBe('no-store');
  });

  it('is compared with another: what was taken out and put in, and by whom', async () => {
    const { id } = await newFile(ada, /Pair/);
    await type(id, 'ada', [[0, 'a = 1\nb = 2\n']]);
    await type(id, 'ben', [[1, 'c = 3\n']]);
    const forth = (await get<ComparisonDto>(ada, `${id}/compare?from=1&to=2`)).body;
    expect(forth.parts).toEqual([
      { kind: 'same', text: 'a = 1\nb = 2\n', spans: [], removedBy: [] },
      { kind: 'inserted', text: 'c = 3\n', spans: [[6, 1, 'typed', 2, START + MINUTE, 2]], removedBy: [] },
    ]);
    const back = (await get<ComparisonDto>(ada, `${id}/compare?from=2&to=1`)).body;
    expect(back.parts.at(-1)).toMatchObject({
      kind: 'removed',
      text: 'c = 3\n',
      spans: [[6, 1, 'typed', 2, START + MINUTE, 2]],
      removedBy: [],
    });
    await type(id, 'ben', [[3, 'z', [4, 1]]]);
    const both = (await get<ComparisonDto>(ada, `${id}/compare?from=1&to=3`)).body;
    expect(both.parts.slice(0, 3)).toEqual([
      { kind: 'same', text: 'a = ', spans: [], removedBy: [] },
      {
        ...{ kind: 'removed', text: '1', spans: [[1, 0, 'pasted', 1, START, 1]] },
        removedBy: [[1, 1, 'typed', 3, START + 3 * MINUTE, 3]],
      },
      { kind: 'inserted', text: 'z', spans: [[1, 1, 'typed', 3, START + 3 * MINUTE, 3]], removedBy: [] },
    ]);
  });
});

describe('restoring a moment', () => {
  const restore = (token: string, file: string, edit: number, key?: string) =>
    api.call<RestoredMomentDto & ProblemDto>('POST', `/api/files/${file}/restore`, {
      ...{ token, body: { edit } },
      ...(key && { headers: { 'idempotency-key': key } }),
    });

  it('is one more edit on top; nothing is deleted, and repeating it with its key changes nothing', async () => {
    const { id } = await newFile(ada, /Ada/);
    await type(id, 'ada', [
      [0, 'a = 1\n'],
      [1, 'b = 2\n'],
    ]);
    const restored = await restore(ada, id, 1, 'once');
    expect([restored.status, restored.body]).toEqual([201, { file: id, edits: 3, changed: true }]);
    expect((await restore(ada, id, 1, 'once')).body).toEqual(restored.body);
    const { text } = (await get<FileStateDto>(ada, `${id}/at`)).body;
    expect(text).toBe('a = 1\n');
    expect((await get<FileStateDto>(ada, `${id}/at?edit=2`)).body.text).toBe('a = 1\nb = 2\n');
    const page = decodeReplayPage((await bytesOf(ada, `${id}/history/pages/0`)).bytes);
    expect(page.edits.map(({ kind }) => kind)).toEqual(['typed', 'typed', 'restored']);
    expect((await restore(ada, id, 1)).body).toMatchObject({ edits: 3, changed: false });
    expect((await restore(ada, id, 0)).body).toMatchObject({ edits: 4, changed: true });
  });

  it('needs the right to type, a moment that there is, and a file that is there', async () => {
    const { id } = await newFile(ada, /Ada/);
    await type(id, 'ada', [[0, 'x = 1\n']]);
    expect((await restore(hopper, id, 1)).status).toBe(403);
    expect((await restore(ben, id, 1)).status).toBe(404);
    expect((await restore(ada, id, 2)).status).toBe(404);
    expect((await restore(ada, id, -1)).status).toBe(400);
    const own = await api.workspace(ada, /Ada/);
    await api.call('DELETE', `/api/workspaces/${own.id}/files/${id}`, { token: ada });
    await eventually(async () => (await restore(ada, id, 1)).body.code === 'file-deleted', 'the refusal');
  });
});

describe('where a pasted text comes from', () => {
  const originOf = async (token: string, file: string, edit: number) =>
    (await get<PasteOriginDto>(token, `${file}/history/pastes/${edit}`)).body;
  /** Another text for each test, or the files of the one before would have it, too. */
  const textOf = (name: string) => `def ${name}(width, height):\n    return width * height\n`;

  it('own: from the file itself, from what was in it once, or from another file', async () => {
    const text = textOf('own');
    const first = await newFile(ada, /Ada/);
    await type(first.id, 'ada', [[0, 'x'], ...[...text].map((unit, n): [number, string] => [1 + n / 1000, unit])]);
    const second = await newFile(ada, /Ada/);
    await type(second.id, 'ada', [[5, text]]);
    const found = await originOf(ada, second.id, 1);
    expect(found).toMatchObject({ origin: 'own', name: 'Ada', file: first.id, path: first.path, isWhole: true });
    expect(found.text).toBe('def own(width, height):');
    await type(first.id, 'ada', [[6, `    ${text}`]]);
    expect(await originOf(ada, first.id, text.length + 2)).toMatchObject({ origin: 'own', file: first.id });
  });

  it('a teammate: somebody else who writes in the same workspace', async () => {
    const text = textOf('teammate');
    const theirs = await newFile(ben, /Pair/);
    await type(theirs.id, 'ben', [[0, text]]);
    const mine = await newFile(ada, /Pair/);
    await type(mine.id, 'ada', [[5, text]]);
    expect(await originOf(ada, mine.id, 1)).toMatchObject({ origin: 'teammate', name: 'Ben', file: theirs.id });
  });

  it('material: what the course gave', async () => {
    const text = textOf('material');
    const notes = await newFile(hopper, /Lecture/);
    await type(notes.id, 'hopper', [[0, text]]);
    const mine = await newFile(ada, /Ada/);
    await type(mine.id, 'ada', [[5, text]]);
    expect(await originOf(ada, mine.id, 1)).toMatchObject({ origin: 'material', path: notes.path });
  });

  it('another student: who and where is told to those who teach, and to nobody else; that they learnt it is recorded', async () => {
    const text = textOf('other');
    const theirs = await newFile(ben, /Ben/);
    await type(theirs.id, 'ben', [[0, text]]);
    const mine = await newFile(ada, /Ada/);
    await type(mine.id, 'ada', [[5, text.replace('\n    ', '\n\t')]]);
    expect(await originOf(ada, mine.id, 1)).toMatchObject({
      origin: 'other-student',
      name: null,
      file: null,
      path: null,
    });
    expect(await originOf(hopper, mine.id, 1)).toMatchObject({ origin: 'other-student', name: 'Ben', file: theirs.id });
    const looks = async () => (await api.call<LookDto[]>('GET', '/api/looks', { token: ben })).body;
    await eventually(
      async () => (await looks()).some(({ object }) => object === theirs.path),
      'the look at the text of Ben',
    );
  });

  it('outside: what nobody had before; who pasted the same later is no origin', async () => {
    const text = textOf('outside');
    const mine = await newFile(ada, /Ada/);
    await type(mine.id, 'ada', [[0, text]]);
    const later = await newFile(ben, /Ben/);
    await type(later.id, 'ben', [[5, text]]);
    expect(await originOf(ada, mine.id, 1)).toMatchObject({ origin: 'outside', name: null, file: null, path: null });
  });
});

describe('the runs beside a history', () => {
  it('come newest first in pages, with what they printed, were told and raised, and the edits that fixed an error', async () => {
    const { id } = await newFile(ada, /Pair/);
    await type(id, 'ada', [[0, 'print(x)\n']]);
    const broken = await runOf(id, [0, 'NameError']);
    await type(id, 'ada', [[1, 'x = 1\n']]);
    const fixed = await runOf(id, [1, null]);
    const first = await get<HistoryRunDto[]>(ada, `${id}/history/runs?limit=1`);
    expect(first.body.map((run) => run.id)).toEqual([fixed]);
    const next = /<\/api\/files\/([^>]*)>/.exec(first.headers.get('link') ?? '')?.[1] ?? '';
    expect((await get<HistoryRunDto[]>(ada, next)).body.map((run) => run.id)).toEqual([broken]);
    const [newer, older] = (await get<HistoryRunDto[]>(ada, `${id}/history/runs`)).body;
    expect(older).toMatchObject({
      ...{ id: broken, edit: 1, outcome: 'exited', figures: 1, fix: { run: fixed, from: 1, to: 2 } },
      errors: [{ exception: 'NameError', message: 'it', line: 1 }],
    });
    expect(older?.output.map(([, text]) => text)).toEqual(['hello\n']);
    expect(older?.input.map(([, text]) => text)).toEqual(['42\n']);
    expect(newer).toMatchObject({ edit: 2, errors: [], fix: null });
  });

  /** Appends a run of the file as it was at this revision, as the executor would have. */
  async function runOf(file: string, [revision, exception]: readonly [number, string | null]): Promise<string> {
    const { id: workspace } = await api.workspace(ada, /Pair/);
    const { rows } = await api.pool.query<{ course: string }>('select course from read.workspace where id = $1', [
      workspace,
    ]);
    const id = randomUUID();
    const raised = { ms: 5, exception, message: 'it', path: 'main.py', line: 1, explanation: null, traceback: '' };
    const picture = { ms: 6, sha256: '0'.repeat(64), mediaType: 'image/png', bytes: 1, width: 1, height: 1 };
    const stored = [
      [
        'RunRequested',
        {
          id,
          workspace,
          course: rows[0]?.course,
          by: ids['ada'],
          mode: 'script',
          entry: 'main.py',
          files: [{ file, path: 'main.py', revision: String(revision) }],
          columns: 80,
          rows: 24,
        },
      ],
      ['RunStarted', { executor: 'e', attempt: 'a', sandbox: 's', startedAt: START }],
      ['OutputEmitted', { chunks: [[1, 'hello\n']] }],
      ['InputProvided', { by: ids['ada'], text: '42\n' }],
      ...(exception === null
        ? []
        : [
            ['ErrorRaised', raised],
            ['FigureProduced', picture],
          ]),
      ['RunFinished', { outcome: { kind: 'exited', code: 0 }, usage: null }],
    ] as const;
    const metadata = toJsonBytes({ v: 1, actor: { id: ids['ada'], role: 'student', via: 'web' }, workspace });
    const events = stored.map(([name, data]) => {
      return {
        id: randomUUID(),
        type: name as string,
        contentType: 'json' as const,
        data: toJsonBytes(data),
        metadata,
      };
    });
    await api.store.append(`run-${id}`, events, { expected: 'noStream' });
    await eventually(async () => {
      const { rowCount } = await api.pool.query(`select from read.run where id = $1 and state = 'finished'`, [id]);
      return rowCount === 1;
    }, 'the run in the list');
    return id;
  }
});
