import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { PostgresBlobStore } from '@palimpsest/blobs';
import { asId, encodeEvent, type FileId, streamOf, type WorkspaceEvent, type WorkspaceId } from '@palimpsest/domain';
import type { FileDto, WorkspaceDto } from '@palimpsest/protocol';
import { eventually } from '@palimpsest/test-support';
import { CollabClient } from '../testing/collab-client.js';
import { TestApi } from '../testing/test-api.js';

const PNG = Buffer.concat([Buffer.from('89504e470d0a1a0a', 'hex'), Buffer.from('0123456789')]);
const PAGE = Buffer.from('<!doctype html><script>alert(1)</script>\0');
const metadata = { actor: { id: 'system', role: 'system', via: 'executor' } } as const;

describe('the content of a file over HTTP', () => {
  let api: TestApi;
  let ada: string;
  let ben: string;
  let workspace: WorkspaceDto;
  let blobs: PostgresBlobStore;

  beforeAll(async () => {
    api = await TestApi.start();
    [ada, ben] = [await api.signIn('ada'), await api.signIn('ben')];
    workspace = await api.workspace(ada, /Ada/);
    blobs = new PostgresBlobStore(api.pool);
  });
  afterAll(() => api.stop());

  async function binary(path: string, bytes: Buffer): Promise<FileId> {
    const file = asId<FileId>(randomUUID());
    const sha256 = await blobs.put(bytes, 'text/html');
    // What the event says of the type is a claim that must not be believed.
    const stored = { type: 'ContentStored', data: { sha256, size: bytes.length, mediaType: 'text/html' } } as const;
    await api.store.append(streamOf.file(file), [{ id: randomUUID(), ...encodeEvent(stored, metadata) }], {
      expected: 'noStream',
    });
    const created: WorkspaceEvent = { type: 'FileCreated', data: { file, path, kind: 'binary' } };
    const stream = streamOf.workspace(asId<WorkspaceId>(workspace.id));
    await api.store.append(stream, [{ id: randomUUID(), ...encodeEvent(created, metadata) }], { expected: 'any' });
    await eventually(async () => (await files()).some(({ id }) => id === file), 'the file in the tree');
    return file;
  }
  const files = async (): Promise<FileDto[]> =>
    (await api.call<WorkspaceDto>('GET', `/api/workspaces/${workspace.id}`, { token: ada })).body.files;
  const get = (file: string, headers: Record<string, string> = {}, token = ada, where = workspace.id) =>
    fetch(`http://${api.address}/api/workspaces/${where}/files/${file}/content`, {
      // Without it fetch would ask for a fresh answer wherever a tag is given.
      headers: { authorization: `Bearer ${token}`, 'cache-control': 'max-age=0', ...headers },
    });
  const bytesOf = async (response: Response) => Buffer.from(await response.arrayBuffer());

  it('a picture is shown as what its bytes are, and nothing that it holds can do anything', async () => {
    const file = await binary('pictures/Plot ümlaut "1".png', PNG);
    const response = await get(file);
    expect(response.status).toBe(200);
    expect(response.headers.get('content-type')).toBe('image/png');
    expect(response.headers.get('x-content-type-options')).toBe('nosniff');
    expect(response.headers.get('content-security-policy')).toMatch(/^sandbox; default-src 'none'/);
    expect(response.headers.get('content-disposition')).toBe(
      "inline; filename*=UTF-8''Plot%20%C3%BCmlaut%20%221%22.png",
    );
    expect(response.headers.get('cache-control')).toContain('private');
    expect(await bytesOf(response)).toEqual(PNG);
  });

  it('everything else is bytes to be saved, whatever its name and its event say', async () => {
    const response = await get(await binary('page.html', PAGE));
    expect(response.headers.get('content-type')).toBe('application/octet-stream');
    expect(response.headers.get('content-disposition')).toMatch(/^attachment;/);
    expect(await bytesOf(response)).toEqual(PAGE);
  });

  it('is not sent again when it is known, in parts where parts are asked for, and new content under another tag', async () => {
    const file = await binary('ranges.png', PNG);
    const tag = (await get(file)).headers.get('etag') ?? '';
    expect((await get(file, { 'if-none-match': tag })).status).toBe(304);
    const part = await get(file, { range: 'bytes=8-11' });
    expect([part.status, part.headers.get('content-range'), (await bytesOf(part)).toString()]).toEqual([
      ...[206, `bytes 8-11/${PNG.length}`, '0123'],
    ]);
    const end = await get(file, { range: 'bytes=-2', 'if-range': tag });
    expect([end.status, (await bytesOf(end)).toString()]).toEqual([206, '89']);
    const beyond = await get(file, { range: 'bytes=900-' });
    expect([beyond.status, beyond.headers.get('content-range')]).toEqual([416, `bytes */${PNG.length}`]);
    for (const headers of [
      { range: 'bytes=0-1,4-5' },
      { range: 'lines=1-2' },
      { range: 'bytes=0-1', 'if-range': '"x"' },
    ])
      expect((await get(file, headers as Record<string, string>)).status).toBe(200);
    const sha256 = await blobs.put(PAGE, 'x');
    const stored = { type: 'ContentStored', data: { sha256, size: PAGE.length, mediaType: 'image/png' } } as const;
    await api.store.append(streamOf.file(file), [{ id: randomUUID(), ...encodeEvent(stored, metadata) }], {
      expected: 'any',
    });
    const fresh = await get(file, { 'if-none-match': tag });
    expect([fresh.status, fresh.headers.get('content-type')]).toEqual([200, 'application/octet-stream']);
  });

  it('a text is sent as plain text, as it is recorded', async () => {
    const main = (await files()).find(({ path }) => path === 'main.py');
    const response = await get(main!.id);
    expect(response.headers.get('content-type')).toBe('text/plain; charset=utf-8');
    expect(response.headers.get('content-disposition')).toMatch(/^attachment;/);
    expect(await response.text()).toContain('Ready when you are');
  });

  it('only for those who may see the workspace, and only under its own', async () => {
    const file = await binary('secret.bin', PNG);
    const shared = await api.workspace(ada, /Pair/);
    expect((await get(file, {}, ben)).status).toBe(404);
    expect((await get(file, {}, ada, shared.id)).status).toBe(404);
    expect((await get(file, {}, await api.signIn('hopper'))).status).toBe(200);
    expect((await get(randomUUID())).status).toBe(404);
    expect((await fetch(`http://${api.address}/api/workspaces/${workspace.id}/files/${file}/content`)).status).toBe(
      401,
    );
  });

  it('a binary file has no text: whoever types into it by the socket writes nothing', async () => {
    const file = await binary('no-text.bin', PNG);
    const client = await new CollabClient(api.address, file, ada).synced();
    client.text.insert(0, 'x');
    await eventually(() => client.closed !== undefined, 'the refusal');
    expect((await api.store.streamInfo(streamOf.file(file))).revision).toBe(0n);
    client.end();
  });
});
