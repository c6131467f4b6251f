import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { PostgresBlobStore } from '@palimpsest/blobs';
import { asId, encodeEvent, type RunEvent, type RunId, streamOf } from '@palimpsest/domain';
import type { RunServerMessage, WrittenDto } from '@palimpsest/protocol';
import { eventually } from '@palimpsest/test-support';
import { randomBytes, randomUUID } from 'node:crypto';
import { WebSocket } from 'ws';
import { TestApi } from '../testing/test-api.js';

/** The smallest thing that a browser takes for a PNG is not needed here: the api does not look into it, the executor does. */
const PICTURE = Buffer.concat([Buffer.from('\x89PNG\r\n\x1a\n', 'latin1'), randomBytes(50)]);

describe('what a run has to show beside its output', () => {
  let api: TestApi;
  let ada: string;
  let run: RunId;
  let sha256: string;

  beforeAll(async () => {
    api = await TestApi.start();
    ada = await api.signIn('ada');
    run = await requestRun('Ada');
    sha256 = await new PostgresBlobStore(api.pool).put(PICTURE, 'image/png');
    const place = { mediaType: 'image/png', bytes: PICTURE.length, width: 640, height: 480 } as const;
    const started = { executor: 'e', attempt: 'a', sandbox: 'full', startedAt: Date.now() };
    await append(
      run,
      { type: 'RunStarted', data: started },
      { type: 'OutputEmitted', data: { chunks: [[1, 'one']] } },
      { type: 'FigureProduced', data: { ms: 2, sha256, ...place } },
      { type: 'OutputEmitted', data: { chunks: [[3, 'two']] } },
      { type: 'ErrorRaised', data: { ms: 4, ...ERROR } },
    );
  });
  afterAll(() => api.stop());

  const ERROR = {
    exception: 'ValueError',
    message: '<b>bad</b>',
    path: 'main.py',
    line: 2,
    explanation: { id: 'value-other', text: 'Explained.' },
    traceback: 'Traceback',
  } as const;

  async function requestRun(name: string): Promise<RunId> {
    const workspace = await api.workspace(ada, new RegExp(name));
    const body = { workspace: workspace.id, mode: 'script' };
    const answer = await api.call<WrittenDto>('POST', '/api/runs', { token: ada, body });
    expect(answer.status).toBe(201);
    return asId<RunId>(answer.body.id);
  }

  async function append(id: RunId, ...events: RunEvent[]): Promise<void> {
    const actor = { id: 'system', role: 'system', via: 'executor' } as const;
    const encoded = events.map((event) => ({ id: randomUUID(), ...encodeEvent(event, { actor }) }));
    await api.store.append(streamOf.run(id), encoded, { expected: 'any' });
  }

  const fetchFigure = (id: string, hash: string, token?: string) =>
    fetch(`http://${api.address}/api/runs/${id}/figures/${hash}`, {
      headers: token === undefined ? {} : { authorization: `Bearer ${token}` },
    });

  it('its figures go to whoever may see the run, as pictures and nothing else, to be kept', async () => {
    for (const person of ['ada', 'hopper']) {
      const answer = await fetchFigure(run, sha256, await api.signIn(person));
      expect(answer.status).toBe(200);
      expect(Buffer.from(await answer.arrayBuffer())).toEqual(PICTURE);
      const headers = Object.fromEntries(answer.headers);
      expect(headers).toMatchObject({
        'content-type': 'image/png',
        'content-length': String(PICTURE.length),
        'x-content-type-options': 'nosniff',
        'content-security-policy': "default-src 'none'; sandbox",
        'cache-control': 'private, max-age=31536000, immutable',
      });
    }
  });

  it('and to nobody else', async () => {
    expect((await fetchFigure(run, sha256)).status).toBe(401);
    expect((await fetchFigure(run, sha256, await api.signIn('ben'))).status).toBe(404);
  });

  it('a hash is no permission: a run shows what it made itself', async () => {
    const another = await requestRun('Ada');
    expect((await fetchFigure(another, sha256, ada)).status).toBe(404);
    for (const hash of ['0'.repeat(64), 'x', sha256.toUpperCase()])
      expect((await fetchFigure(run, hash, ada)).status).toBe(404);
    expect((await fetchFigure(randomUUID(), sha256, ada)).status).toBe(404);
  });

  it('its socket tells of figures and errors in order with the output', async () => {
    const socket = new WebSocket(`ws://${api.address}/runs/${run}?token=${ada}`);
    const messages: RunServerMessage[] = [];
    socket.on('message', (data: Buffer) => messages.push(JSON.parse(data.toString()) as RunServerMessage));
    await eventually(() => messages.some(({ t }) => t === 'live'), 'the history of the run');
    socket.close();
    expect(messages.map(({ t }) => t)).toEqual(['requested', 'started', 'output', 'figure', 'output', 'error', 'live']);
    expect(messages[3]).toEqual({ t: 'figure', sha256, mediaType: 'image/png', bytes: 58, width: 640, height: 480 });
    expect(messages[5]).toEqual({ t: 'error', ...ERROR });
  });
});
