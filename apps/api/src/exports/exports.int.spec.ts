import { execFile } from 'node:child_process';
import { createHash, randomUUID } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, get, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { promisify } from 'node:util';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { WorkspaceDto } from '@palimpsest/protocol';
import { eventually } from '@palimpsest/test-support';
import type { Response } from 'express';
import { systemContext } from '../commands/context.js';
import { Problem } from '../platform/problem.js';
import { Classroom } from '../testing/classroom.js';
import { readZip } from '../testing/read-zip.js';
import { TestApi } from '../testing/test-api.js';
import { closed, ExportDesk, MOST_AT_ONCE } from './export-desk.js';

const run = promisify(execFile);

describe('exports', () => {
  let api: TestApi;
  let room: Classroom;
  let ada: WorkspaceDto;
  let file: string;

  beforeAll(async () => {
    api = await TestApi.start();
    room = await Classroom.open(api);
    ada = await api.workspace(await room.token('ada'), /Ada/);
    file = await make('secret.py', 'print("mine")\n');
    const { body } = await room.as('ada', 'POST', '/api/runs', { workspace: ada.id, mode: 'script', entry: 'main.py' });
    await room.as('ada', 'POST', `/api/runs/${body.id}/cancel`);
    await room.as('auditor', 'GET', `/api/audit/events`);
    await known(file);
  });
  afterAll(() => api.stop());

  async function make(path: string, text: string): Promise<string> {
    const { body } = await room.as('ada', 'POST', `/api/workspaces/${ada.id}/files`, { path, text });
    return body.id;
  }

  async function known(id: string): Promise<void> {
    await eventually(async () => {
      const { body } = await room.as<WorkspaceDto>('ada', 'GET', `/api/workspaces/${ada.id}`);
      return body.files.some((one) => one.id === id);
    }, 'the directory knowing the file');
  }

  async function fetched(who: string, path: string) {
    const headers = { authorization: `Bearer ${await room.token(who)}` };
    const response = await fetch(`http://${api.address}${path}`, { headers });
    return { status: response.status, headers: response.headers, bytes: Buffer.from(await response.arrayBuffer()) };
  }

  const textOf = (zip: Buffer, name: string) => {
    const entry = readZip(zip).find((one) => one.name === name);
    return entry?.bytes.toString('utf8') ?? '';
  };
  const eventsIn = (zip: Buffer) =>
    textOf(zip, 'events.jsonl')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, string | boolean>);
  const course = (what: string) => `/api/courses/${room.course}/exports/${what}`;

  it('gives professors a ProgSnap2 dataset without a name in it, and auditors one with names', async () => {
    const { status, headers, bytes } = await fetched('hopper', course('progsnap2?mode=extended'));
    expect([status, headers.get('content-type')]).toEqual([200, 'application/zip']);
    const names = readZip(bytes).map(({ name }) => name);
    expect(names[0]).toBe('MainTable.csv');
    expect(names).toEqual(
      expect.arrayContaining([...['DatasetMetadata.csv', 'CodeStates.csv', 'README.md', 'LinkTables/LinkSubject.csv']]),
    );
    const table = textOf(bytes, 'MainTable.csv');
    expect(table).toContain('print(""mine"")');
    expect(table).toMatch(/^Run\.Program,/m);
    expect(table).toMatch(/^Session\.Start,/m);
    for (const { bytes: content, name } of readZip(bytes))
      for (const id of [room.id('ada'), 'hopper', '127.0.0.1'])
        expect([name, content.toString('utf8').includes(id)]).toEqual([name, false]);
    const named = await fetched('auditor', course('progsnap2?identified=true'));
    expect(textOf(named.bytes, 'LinkTables/LinkSubject.csv')).toContain(`${room.id('ada')},ada,`);
  });

  it('gives the events of a course: whole to auditors, without addresses to professors', async () => {
    const [reduced, whole] = [await fetched('hopper', course('events')), await fetched('auditor', course('events'))];
    const address = /"address\\?":/;
    expect(textOf(whole.bytes, 'events.jsonl')).toMatch(address);
    const others = eventsIn(reduced.bytes).filter(({ reduced: isReduced }) => isReduced === true);
    expect(others.length).toBeGreaterThan(0);
    for (const line of others) expect(JSON.stringify(line)).not.toMatch(/address|"session/);
    const manifest = JSON.parse(textOf(whole.bytes, 'manifest.json')) as Record<string, unknown>;
    const sha256 = createHash('sha256').update(textOf(whole.bytes, 'events.jsonl')).digest('hex');
    expect(manifest).toMatchObject({ count: eventsIn(whole.bytes).length, reduced: 0, sha256 });
    expect(manifest['query']).toEqual({ of: `course ${room.course}` });
    const none = await fetched('auditor', course('events?until=2020-01-01'));
    expect(textOf(none.bytes, 'manifest.json')).toContain('"count": 0');
  });

  it('gives a workspace as a Git repository to those who see its history', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'palimpsest-clone-'));
    try {
      const { status, bytes } = await fetched('ada', `/api/workspaces/${ada.id}/exports/git`);
      expect(status).toBe(200);
      await writeFile(join(folder, 'work.bundle'), bytes);
      await run('/usr/bin/git', ['clone', '-q', join(folder, 'work.bundle'), join(folder, 'work')]);
      const log = await run('/usr/bin/git', ['-C', join(folder, 'work'), 'log', '--format=%an %s']);
      expect(log.stdout).toMatch(/Ada.* Run main\.py: cancelled/);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
    expect((await fetched('hopper', `/api/workspaces/${ada.id}/exports/git`)).status).toBe(200);
    expect((await fetched('hopper', `/api/workspaces/${ada.id}/exports/events`)).status).toBe(200);
  });

  it('gives people what there is of them: events, and their work as it is', async () => {
    const { status, bytes } = await fetched('ada', `/api/people/${room.id('ada')}/exports/events`);
    expect(status).toBe(200);
    const kinds = new Set(eventsIn(bytes).map(({ type }) => type));
    for (const kind of ['UserRegistered', 'SignedIn', 'WorkspaceOpened', 'FileEdited', 'RunRequested'])
      expect(kinds).toContain(kind);
    expect(
      readZip(bytes)
        .find(({ name }) => name.endsWith('/secret.py'))
        ?.bytes.toString(),
    ).toBe('print("mine")\n');
    // Of Ben's own workspace, sign-ins and account there is nothing.
    const ben = await api.workspace(await room.token('ben'), /Ben/);
    for (const { stream } of eventsIn(bytes))
      expect([`workspace-${ben.id}`, `user-${room.id('ben')}`]).not.toContain(stream);
    expect((await fetched('admin', `/api/people/${room.id('ada')}/exports/events`)).status).toBe(200);
  });

  it.each([
    ['ada', () => course('progsnap2'), 403],
    ['ada', () => course('events'), 403],
    ['hopper', () => course('progsnap2?identified=true'), 403],
    ['hopper', () => course('progsnap2?mode=loose'), 400],
    ['hopper', () => course('events?from=yesterday'), 400],
    ['hopper', () => `/api/courses/${randomUUID()}/exports/progsnap2`, 404],
    ['admin', () => `/api/courses/${randomUUID()}/exports/events`, 404],
    ['ben', () => `/api/workspaces/${ada.id}/exports/git`, 404],
    ['ben', () => `/api/workspaces/${ada.id}/exports/events`, 404],
    ['ben', () => `/api/people/${room.id('ada')}/exports/events`, 404],
    ['hopper', () => `/api/people/${room.id('ada')}/exports/events`, 404],
    ['admin', () => `/api/people/${randomUUID()}/exports/events`, 404],
  ])('refuses %s (%#)', async (who, path, status) => {
    const answer = await fetched(who, path());
    expect([answer.status, answer.headers.get('content-type')]).toEqual([
      status,
      expect.stringContaining('problem+json'),
    ]);
  });

  it('is recorded before the first byte, and with what left after the last', async () => {
    const { bytes } = await fetched('hopper', course('progsnap2'));
    const sha256 = createHash('sha256').update(bytes).digest('hex');
    const found = await eventually(async () => {
      const events = [];
      for await (const event of api.store.readAll({ filter: { typePrefixes: ['Export'] } }))
        events.push(JSON.parse(Buffer.from(event.data).toString()) as Record<string, unknown>);
      const done = events.find((one) => one['sha256'] === sha256);
      return done && { done, begun: events.find((one) => one['export'] === done['export'] && one['format']) };
    }, 'the record of the export');
    expect(found.begun).toMatchObject({
      format: 'progsnap2',
      object: `course ${room.course}`,
      query: { mode: 'strict' },
    });
    const rows = textOf(bytes, 'MainTable.csv').split('\r\n').length;
    expect(found.done).toMatchObject({ bytes: bytes.length, rows: expect.any(Number) });
    expect(found.done['rows']).toBeLessThan(rows);
  });

  it('a ZIP of a moment has the file that is deleted now', async () => {
    const gone = await make('gone.py', 'x = 1\n');
    await known(gone);
    const before = new Date().toISOString();
    await new Promise((done) => setTimeout(done, 5));
    await room.as('ada', 'DELETE', `/api/workspaces/${ada.id}/files/${gone}`);
    const then = await fetched('ada', `/api/workspaces/${ada.id}/zip?at=${before}`);
    expect(textOf(then.bytes, 'gone.py')).toBe('x = 1\n');
    const now = await fetched('ada', `/api/workspaces/${ada.id}/zip`);
    expect(readZip(now.bytes).map(({ name }) => name)).not.toContain('gone.py');
  });

  describe('at the desk', () => {
    let server: Server;
    let desk: ExportDesk;
    /** What became of each request that the server got. */
    let outcomes: Promise<void>[];
    let ended: string[];

    beforeEach(async () => {
      desk = api.app.get(ExportDesk);
      outcomes = [];
      ended = [];
      server = createServer((request, response) => {
        const who = (request.url ?? '/').slice(1);
        const stream = Readable.from(
          (async function* () {
            try {
              for (;;) {
                yield Buffer.alloc(1_000);
                await new Promise((done) => setTimeout(done, 5));
              }
            } finally {
              ended.push(who);
            }
          })(),
        );
        const context = systemContext({ actor: { id: who, role: 'student', via: 'web' } });
        const asked = { format: 'jsonl', object: 'a test', query: {}, file: 'x', mediaType: 'text/plain' } as const;
        const made = { stream, rows: () => 0, ended: () => closed(stream) };
        const express = Object.assign(response, {
          set: (headers: Record<string, string>) => response.setHeaders(new Map(Object.entries(headers))),
        }) as unknown as Response;
        const sent = desk.send(asked, context, express, () => made);
        outcomes.push(sent);
        sent.catch(() => response.destroy());
      }).listen(0, '127.0.0.1');
      await new Promise((done) => server.once('listening', done));
    });
    afterEach(() => new Promise((done) => server.close(done)));

    const ask = (who: string) =>
      new Promise<() => void>((done, fail) => {
        const { port } = server.address() as AddressInfo;
        const asked = get({ port, host: '127.0.0.1', path: `/${who}`, agent: false }, (response) => {
          response.on('error', () => undefined);
          response.once('data', () => done(() => asked.destroy()));
        });
        asked.on('error', fail);
      });

    it('one at a time for a person, a few for all; one that nobody takes any more ends and makes room', async () => {
      const people = Array.from({ length: MOST_AT_ONCE }, () => randomUUID());
      const cancels = [];
      for (const who of people) cancels.push(await ask(who));
      await expect(ask(people[0] ?? '')).rejects.toThrow();
      await expect(outcomes.at(-1)).rejects.toMatchObject({
        code: 'export-running',
        message: expect.stringMatching(/wait/),
      });
      await expect(ask(randomUUID())).rejects.toThrow();
      await expect(outcomes.at(-1)).rejects.toBeInstanceOf(Problem);
      await expect(outcomes.at(-1)).rejects.toMatchObject({ code: 'exports-busy' });
      cancels[0]?.();
      await outcomes[0];
      expect(ended).toEqual([people[0]]);
      const again = await ask(people[0] ?? '');
      again();
      cancels[1]?.();
      await Promise.allSettled(outcomes);
    });
  });
});
