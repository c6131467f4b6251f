import { randomBytes, randomUUID } from 'node:crypto';
import { request } from 'node:http';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { asId, type FileId, streamOf, type WorkspaceId } from '@palimpsest/domain';
import type {
  ProblemDto,
  TrashEntryDto,
  UploadedDto,
  UsageDto,
  VersionDto,
  WorkspaceDto,
  WrittenDto,
} from '@palimpsest/protocol';
import { eventually } from '@palimpsest/test-support';
import { CollabClient } from '../testing/collab-client.js';
import { readZip } from '../testing/read-zip.js';
import { TestApi } from '../testing/test-api.js';

const MIB = 1024 * 1024;
const PNG = Buffer.concat([Buffer.from('89504e470d0a1a0a', 'hex'), randomBytes(300_000)]);
const PDF = Buffer.from('%PDF-1.7\n\u0000 and so on');

describe('files and folders over HTTP', () => {
  let api: TestApi;
  let ada: string;
  let ben: string;
  let own: WorkspaceDto;

  beforeAll(async () => {
    api = await TestApi.start();
    [ada, ben] = [await api.signIn('ada'), await api.signIn('ben')];
    own = await api.workspace(ada, /Ada/);
  });
  afterAll(() => api.stop());

  const base = () => `/api/workspaces/${own.id}`;
  const ask = <Body = WrittenDto>(method: string, path: string, body?: unknown, token = ada) =>
    api.call<Body>(method, `${base()}${path}`, { token, ...(body !== undefined && { body }) });
  const upload = async (path: string, bytes: Buffer | string, token = ada, headers: Record<string, string> = {}) => {
    const response = await fetch(`http://${api.address}${base()}/content?path=${encodeURIComponent(path)}`, {
      method: 'PUT',
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/octet-stream', ...headers },
      body: typeof bytes === 'string' ? bytes : Uint8Array.from(bytes),
    });
    return { status: response.status, body: (await response.json()) as UploadedDto & ProblemDto };
  };
  const fetched = (path: string, token = ada, headers: Record<string, string> = {}) =>
    fetch(`http://${api.address}${base()}${path}`, {
      headers: { authorization: `Bearer ${token}`, 'cache-control': 'max-age=0', ...headers },
    });
  const content = async (file: string, query = '') => {
    const response = await fetched(`/files/${file}/content${query}`);
    return { response, bytes: Buffer.from(await response.arrayBuffer()) };
  };
  /** The tree once the read model has got there. */
  const tree = async (after: string | null = null) =>
    (await ask<WorkspaceDto>('GET', after === null ? '' : `?after=${encodeURIComponent(after)}`)).body;
  const paths = async (after: string | null) => (await tree(after)).files.map(({ path }) => path);
  const revisions = async (stream: string) => (await api.store.streamInfo(stream)).revision;
  const workspaceRevision = () => revisions(streamOf.workspace(asId<WorkspaceId>(own.id)));

  it('a folder is made, moved with what is in it in one append, copied, deleted and restored together', async () => {
    const made = await ask('POST', '/folders', { path: 'data/empty' });
    expect(made.status).toBe(201);
    for (const path of ['data/a.py', 'data/in/b.py'])
      expect((await ask('POST', '/files', { path, text: `# ${path}\n` })).status).toBe(201);
    const before = (await workspaceRevision()) ?? 0n;
    const moved = await ask('PATCH', '/folders', { path: 'data', to: 'old/data' });
    expect(moved.status).toBe(200);
    expect(await workspaceRevision()).toBe(before + 3n);
    const after = await tree(moved.body.position);
    expect(after.folders).toEqual(['old/data/empty']);
    expect(after.files.map(({ path }) => path)).toEqual(['main.py', 'old/data/a.py', 'old/data/in/b.py']);

    const copied = await ask('POST', '/folders/copy', { path: 'old/data', to: 'copy' });
    expect(copied.status).toBe(201);
    const both = await tree(copied.body.position);
    expect(both.folders).toEqual(['copy/empty', 'old/data/empty']);
    const copy = both.files.find(({ path }) => path === 'copy/in/b.py')!;
    expect((await content(copy.id)).bytes.toString()).toBe('# data/in/b.py\n');

    const deleted = await ask('DELETE', '/folders?path=old');
    expect((await tree(deleted.body.position)).files.map(({ path }) => path)).toEqual([
      ...['copy/a.py', 'copy/in/b.py', 'main.py'],
    ]);
    const trash = (await ask<TrashEntryDto[]>('GET', '/trash')).body;
    expect(trash).toMatchObject([{ id: deleted.body.id, kind: 'folder', path: 'old', files: 2, byName: 'Ada' }]);
    const back = await ask('POST', `/trash/${deleted.body.id}/restore?path=back`);
    expect(back.status).toBe(201);
    expect(await paths(back.body.position)).toEqual(expect.arrayContaining(['back/data/a.py', 'back/data/in/b.py']));
    expect((await ask('GET', '/trash')).body).toEqual([]);
  });

  it('a repeated copy with its key makes nothing twice, also when its answer was not kept', async () => {
    const headers = { 'idempotency-key': randomUUID() };
    const once = () =>
      api.call<WrittenDto>('POST', `${base()}/folders/copy`, {
        token: ada,
        headers,
        body: { path: 'copy', to: 'copy-of-copy' },
      });
    const first = await once();
    await api.pool.query('delete from ops.idempotency where key = $1', [headers['idempotency-key']]).catch(() => 0);
    const second = await once();
    expect([first.status, second.status, second.body]).toEqual([201, 201, first.body]);
  });

  it('refusals say what is in the way: names, folders into themselves, what is not there', async () => {
    const refused = async (method: string, path: string, body?: unknown) => {
      const { status, body: problem } = await ask<ProblemDto>(method, path, body);
      return [status, problem.code];
    };
    expect(await refused('POST', '/folders', { path: 'copy' })).toEqual([409, 'path-taken']);
    expect(await refused('POST', '/files', { path: 'COPY/new.py' })).toEqual([409, 'path-taken']);
    expect(await refused('POST', '/folders', { path: 'con' })).toEqual([422, 'invalid-path']);
    expect(await refused('PATCH', '/folders', { path: 'copy', to: 'copy/in/it' })).toEqual([422, 'invalid-path']);
    expect(await refused('PATCH', '/folders', { path: 'copy', to: 'main.py' })).toEqual([409, 'path-taken']);
    expect(await refused('DELETE', '/folders?path=nowhere')).toEqual([404, 'not-found']);
    expect(await refused('POST', '/folders/copy', { path: 'nowhere', to: 'x' })).toEqual([404, 'not-found']);
    expect(await refused('POST', `/trash/${randomUUID()}/restore`)).toEqual([404, 'not-found']);
    const before = await workspaceRevision();
    const deep = `${'d/'.repeat(15)}x`;
    expect(await refused('PATCH', '/folders', { path: 'copy', to: deep })).toEqual([422, 'invalid-path']);
    expect(await workspaceRevision()).toBe(before);
    for (const [method, path, body] of [
      ['POST', '/folders', { path: 'x' }],
      ['PATCH', '/folders', { path: 'copy', to: 'x' }],
      ['POST', '/folders/copy', { path: 'copy', to: 'x' }],
      ['DELETE', '/folders?path=copy', undefined],
      ['GET', '/trash', undefined],
      ['GET', '/zip', undefined],
      ['GET', '/usage', undefined],
      ['GET', '?at=0', undefined],
    ] as const)
      expect([method, path, (await ask('GET' === method ? 'GET' : method, path, body, ben)).status]).toEqual([
        ...[method, path, 404],
      ]);
    expect((await upload('x.txt', 'x', ben)).status).toBe(404);
    const hopper = await api.signIn('hopper');
    expect((await upload('x.txt', 'x', hopper)).status).toBe(403);
    expect((await ask('POST', '/folders', { path: 'x' }, hopper)).status).toBe(403);
  });

  it('an upload of text is co-edited: it replaces by the least change, and what others type at that time stays', async () => {
    const first = await upload('notes/list.txt', 'one\ntwo\nthree\n');
    expect([first.status, first.body]).toMatchObject([200, { kind: 'text', created: true, path: 'notes/list.txt' }]);
    const file = first.body.id;
    await tree(first.body.position);
    const client = await new CollabClient(api.address, file, ada).synced();
    expect(client.text.toString()).toBe('one\ntwo\nthree\n');
    client.text.insert(0, 'typed\n');
    const again = await upload('notes/list.txt', 'one\nTWO\nthree\nfour\n');
    expect([again.status, again.body]).toMatchObject([200, { id: file, created: false }]);
    await eventually(
      () => client.text.toString().includes('TWO') && client.text.toString().endsWith('four\n'),
      'the upload in the editor',
    );
    const revision = await revisions(streamOf.file(asId<FileId>(file)));
    await upload('notes/list.txt', client.text.toString());
    expect(await revisions(streamOf.file(asId<FileId>(file)))).toBe(revision);
    client.end();
    const clash = await upload('notes/list.txt', PNG);
    expect([clash.status, clash.body.code]).toEqual([409, 'kind-clash']);
    expect(clash.body.detail).toMatch(/delete or rename/);
  });

  it('what is not text is kept as it is, under its hash, with every version that it had', async () => {
    const first = await upload('bild/plot ü.png', PNG);
    expect(first.body).toMatchObject({ kind: 'binary', created: true });
    const file = first.body.id;
    await tree(first.body.position);
    const stream = streamOf.file(asId<FileId>(file));
    await upload('bild/plot ü.png', PNG);
    expect(await revisions(stream)).toBe(0n);
    const other = Buffer.concat([PNG.subarray(0, 8), randomBytes(1000)]);
    await upload('bild/plot ü.png', other);
    const { body: versions } = await ask<VersionDto[]>('GET', `/files/${file}/versions`);
    expect(versions).toMatchObject([
      { revision: '1', size: other.length, mediaType: 'image/png', byName: 'Ada' },
      { revision: '0', size: PNG.length },
    ]);
    const old = await content(file, '?revision=0');
    expect(old.bytes.equals(PNG)).toBe(true);
    expect(old.response.headers.get('cache-control')).toContain('immutable');
    expect(old.response.headers.get('etag')).toBe(`"${versions[1]!.sha256}"`);
    expect((await content(file)).bytes.equals(other)).toBe(true);
    // A range over the border of two pieces.
    const range = await fetched(`/files/${file}/content?revision=0`, ada, { range: 'bytes=262140-262150' });
    expect([range.status, Buffer.from(await range.arrayBuffer()).equals(PNG.subarray(262140, 262151))]).toEqual([
      ...[206, true],
    ]);
    expect((await content(file, '?revision=2')).response.status).toBe(404);
    expect((await content(file, '?revision=0&at=0')).response.status).toBe(400);
    const same = await ask('POST', `/files/${file}/copy`, { path: 'same.png' });
    await tree(same.body.position);
    expect((await content(same.body.id)).bytes.equals(other)).toBe(true);
    const text = own.files[0]!.id;
    expect((await ask<ProblemDto>('GET', `/files/${text}/versions`)).body.code).toBe('not-binary');
  });

  it('nothing that was uploaded becomes a page of this site', async () => {
    const page = Buffer.from('<script>alert(1)</script>\u0000');
    for (const [path, bytes, type, how] of [
      ['x.html', page, 'application/octet-stream', 'attachment'],
      ['x.svg', Buffer.from('<svg onload="alert(1)"/>'), 'text/plain; charset=utf-8', 'attachment'],
      ['x.pdf', PDF, 'application/pdf', 'inline'],
    ] as const) {
      const { body } = await upload(path, bytes);
      await tree(body.position);
      const { headers } = (await content(body.id)).response;
      expect([path, headers.get('content-type')]).toEqual([path, type]);
      expect(headers.get('content-disposition')).toMatch(new RegExp(`^${how};`));
      expect(headers.get('content-security-policy')).toMatch(/^sandbox; default-src 'none'/);
      expect(headers.get('x-content-type-options')).toBe('nosniff');
    }
  });

  it('a file of FILE_SIZE_LIMIT_MB is taken, one byte more is not, and what is cut off neither', async () => {
    const most = randomBytes(10 * MIB);
    const taken = await upload('most.bin', most);
    expect(taken.status).toBe(200);
    await tree(taken.body.position);
    expect((await content(taken.body.id)).bytes.equals(most)).toBe(true);
    const more = await upload('more.bin', Buffer.concat([most, Buffer.alloc(1)]));
    expect([more.status, more.body.code]).toEqual([413, 'too-large']);
    expect(more.body.detail).toMatch(/at most 10 MB/);
    expect((await upload('a.txt', 'x', ada, { 'content-type': 'text/plain' })).status).toBe(415);
    expect((await upload('../a.txt', 'x')).status).toBe(422);
    expect((await upload('empty.txt', '')).body).toMatchObject({ kind: 'text', created: true });
    const [, port] = api.address.split(':');
    await new Promise<void>((done) => {
      const cut = request({
        ...{ host: '127.0.0.1', port, method: 'PUT', path: `${base()}/content?path=cut.txt` },
        headers: {
          authorization: `Bearer ${ada}`,
          'content-type': 'application/octet-stream',
          'content-length': '1000',
        },
      });
      cut.on('error', () => done());
      cut.write('half', () => setTimeout(() => cut.destroy(), 50));
    });
    expect(await paths(null)).not.toContain('cut.txt');
    await ask('DELETE', `/files/${taken.body.id}`);
  });

  it('a text of more than one event is one text', async () => {
    const text = 'äöü€ line of a long text\n'.repeat(38_000);
    const { body } = await upload('long.txt', text);
    expect(body.kind).toBe('text');
    await tree(body.position);
    expect((await content(body.id)).bytes.toString()).toBe(text);
    expect(await revisions(streamOf.file(asId<FileId>(body.id)))).toBeGreaterThan(0n);
  });

  it('a folder, chosen files or all come as a ZIP archive, with their names, contents and times', async () => {
    const { body } = await upload('zip/größe.txt', 'ä\n');
    await upload('zip/in/plot.png', PNG);
    await ask('POST', '/folders', { path: 'zip/leer' });
    const zip = await fetched('/zip?folder=zip');
    expect([zip.status, zip.headers.get('content-type')]).toEqual([200, 'application/zip']);
    expect(zip.headers.get('content-disposition')).toBe("attachment; filename*=UTF-8''zip.zip");
    const entries = readZip(Buffer.from(await zip.arrayBuffer()));
    expect(entries.map(({ name }) => name).sort()).toEqual(['zip/größe.txt', 'zip/in/plot.png', 'zip/leer/']);
    const text = entries.find(({ name }) => name.endsWith('.txt'))!;
    expect([text.bytes.toString(), text.isUtf8]).toEqual(['ä\n', true]);
    expect(entries.find(({ name }) => name.endsWith('.png'))!.bytes.equals(PNG)).toBe(true);
    for await (const { recordedAt } of api.store.readStream(streamOf.file(asId<FileId>(body.id))))
      expect(Math.abs((text.mtime ?? 0) - recordedAt.getTime() / 1000)).toBeLessThan(2);
    const one = readZip(Buffer.from(await (await fetched(`/zip?files=${body.id}`)).arrayBuffer()));
    expect(one.map(({ name }) => name)).toEqual(['zip/größe.txt']);
    const all = readZip(Buffer.from(await (await fetched('/zip')).arrayBuffer()));
    expect(all.length).toBeGreaterThan(10);
    expect((await fetched('/zip?folder=nowhere')).status).toBe(404);
    expect((await fetched(`/zip?files=${randomUUID()}`)).status).toBe(404);
  });

  it('the state of any instant and revision can be read: tree, texts, contents and archive', async () => {
    const start = await upload('past/a.txt', 'first\n');
    const picture = await upload('past/p.bin', Buffer.from([1, 0, 1]));
    const file = start.body.id;
    await tree(picture.body.position);
    const revision = await workspaceRevision();
    await new Promise((done) => setTimeout(done, 20));
    const instant = new Date().toISOString();
    await new Promise((done) => setTimeout(done, 20));
    await upload('past/a.txt', 'second\n');
    await upload('past/p.bin', Buffer.from([2, 0, 2]));
    await ask('PATCH', '/folders', { path: 'past', to: 'later' });
    const gone = await ask('DELETE', `/files/${file}`);
    await tree(gone.body.position);
    const { body } = await ask<WorkspaceDto>('GET', `?at=${instant}`);
    expect(body.revision).toBe(String(revision));
    const then = body.files.filter(({ path }) => path.startsWith('past/'));
    expect(then).toMatchObject([
      { id: file, path: 'past/a.txt', kind: 'text', revision: '0' },
      { id: picture.body.id, path: 'past/p.bin', kind: 'binary', revision: '0' },
    ]);
    expect((await content(file, `?at=${instant}`)).bytes.toString()).toBe('first\n');
    expect([...(await content(picture.body.id, `?at=${instant}`)).bytes]).toEqual([1, 0, 1]);
    const byRevision = (await ask<WorkspaceDto>('GET', `?at=${revision}`)).body;
    expect(byRevision.files.map(({ path }) => path)).toEqual(body.files.map(({ path }) => path));
    const zip = readZip(Buffer.from(await (await fetched(`/zip?folder=past&at=${instant}`)).arrayBuffer()));
    expect(zip.map(({ name, bytes }) => [name, bytes.toString('latin1')])).toEqual([
      ['past/a.txt', 'first\n'],
      ['past/p.bin', '\u0001\u0000\u0001'],
    ]);
    const now = (await ask<WorkspaceDto>('GET', `?at=${(await workspaceRevision())!}`)).body;
    expect(now.files.some(({ id }) => id === file)).toBe(false);
    const first = (await ask<WorkspaceDto>('GET', '?at=0')).body;
    expect([first.files, first.folders, first.revision]).toEqual([[], [], '0']);
    const refused = async (at: string) => {
      const { status, body: problem } = await ask<ProblemDto>('GET', `?at=${encodeURIComponent(at)}`);
      return [status, problem.code];
    };
    expect(await refused('2001-01-01T00:00:00Z')).toEqual([404, 'not-yet-opened']);
    expect(await refused('999999')).toEqual([404, 'no-such-revision']);
    expect(await refused('2999-01-01T00:00:00+01:00')).toEqual([400, 'invalid-request']);
    expect(await refused('2026-13-01T00:00:00Z')).toEqual([400, 'invalid-request']);
    expect(await refused('2026-11-26')).toEqual([400, 'invalid-request']);
    expect((await content(file, '?at=0')).response.status).toBe(404);
  });
});

describe('the quota of a workspace', () => {
  let api: TestApi;
  let ada: string;
  let own: WorkspaceDto;

  beforeAll(async () => {
    process.env['WORKSPACE_LIMIT_MB'] = '12';
    api = await TestApi.start();
    ada = await api.signIn('ada');
    own = await api.workspace(ada, /Ada/);
  });
  afterAll(async () => {
    delete process.env['WORKSPACE_LIMIT_MB'];
    await api.stop();
  });

  const usage = async () =>
    (await api.call<UsageDto>('GET', `/api/workspaces/${own.id}/usage`, { token: ada })).body.usedBytes;
  const upload = async (path: string, bytes: Buffer, node = api) => {
    const response = await fetch(`http://${node.address}/api/workspaces/${own.id}/content?path=${path}`, {
      method: 'PUT',
      headers: { authorization: `Bearer ${ada}`, 'content-type': 'application/octet-stream' },
      body: Uint8Array.from(bytes),
    });
    return { status: response.status, body: (await response.json()) as UploadedDto & ProblemDto };
  };
  const binary = (size: number) => Buffer.concat([Buffer.alloc(1), randomBytes(size - 1)]);
  const remove = (id: string) => api.call('DELETE', `/api/workspaces/${own.id}/files/${id}`, { token: ada });
  const seen = (position: string | null) =>
    api.call('GET', `/api/workspaces/${own.id}?after=${encodeURIComponent(position ?? '')}`, { token: ada });

  it('is filled to the last byte and not over it; what is there twice counts once; what is deleted makes room', async () => {
    const before = await usage();
    expect(before).toBeGreaterThan(0);
    const big = binary(10 * MIB);
    const first = await upload('big.bin', big);
    expect(first.status).toBe(200);
    expect(await usage()).toBe(before + 10 * MIB);
    expect((await upload('same.bin', big)).status).toBe(200);
    expect(await usage()).toBe(before + 10 * MIB);
    const left = 2 * MIB - before;
    const over = await upload('over.bin', binary(left + 1));
    expect([over.status, over.body.code]).toEqual([413, 'quota-reached']);
    expect(over.body.detail).toMatch(/hold 10\.\d\d MB of 12 MB, and this needs [12]\.\d\d MB more/);
    const exact = await upload('exact.bin', binary(left));
    expect(exact.status).toBe(200);
    expect(await usage()).toBe(12 * MIB);
    expect((await upload('one.txt', Buffer.from('x'))).body.code).toBe('quota-reached');
    expect((await upload('nothing.txt', Buffer.alloc(0))).status).toBe(200);
    // A smaller content in place of a larger one is no growth.
    expect((await upload('exact.bin', binary(left - 10))).status).toBe(200);
    await seen(exact.body.position);
    const made = await api.call<ProblemDto>('POST', `/api/workspaces/${own.id}/files`, {
      token: ada,
      body: { path: 'eleven.txt', text: 'x'.repeat(11) },
    });
    expect([made.status, made.body.code]).toEqual([413, 'quota-reached']);
    const main = own.files[0]!.id;
    const copy = await api.call<ProblemDto>('POST', `/api/workspaces/${own.id}/files/${main}/copy`, {
      token: ada,
      body: { path: 'copy.py' },
    });
    expect([copy.status, copy.body.code]).toEqual([413, 'quota-reached']);
    await remove(exact.body.id);
    expect((await upload('after.bin', binary(left))).status).toBe(200);
    const back = await api.call<ProblemDto>('POST', `/api/workspaces/${own.id}/files/${exact.body.id}/restore`, {
      token: ada,
    });
    expect([back.status, back.body.code]).toEqual([413, 'quota-reached']);
  });

  it('of uploads at the same time, on two nodes, no more pass than fit', async () => {
    const other = await api.anotherNode();
    try {
      const trees = await api.call<WorkspaceDto>('GET', `/api/workspaces/${own.id}`, { token: ada });
      for (const { id, kind } of trees.body.files) if (kind === 'binary') await remove(id);
      const before = await usage();
      const each = 2 * MIB;
      const answers = await Promise.all(
        Array.from({ length: 12 }, (_, n) => upload(`race-${n}.bin`, binary(each), n % 2 === 0 ? api : other)),
      );
      const passed = answers.filter(({ status }) => status === 200).length;
      expect(passed).toBe(Math.floor((12 * MIB - before) / each));
      expect(answers.filter(({ body }) => body.code === 'quota-reached')).toHaveLength(12 - passed);
      expect(await usage()).toBe(before + passed * each);
    } finally {
      await other.stop();
    }
  });
});
