import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createPostgresEventStore, type EventStore } from '@palimpsest/event-store';
import { createInProcessLog } from '@palimpsest/event-store/testing';
import { PROJECTORS, REACTORS } from '@palimpsest/projections';
import type { AuditPageDto, ProblemDto, ProjectionStateDto, SystemDto } from '@palimpsest/protocol';
import { eventually } from '@palimpsest/test-support';
import pg from 'pg';
import { EVENT_STORE } from '../platform/tokens.js';
import { TestApi } from '../testing/test-api.js';
import { SystemState } from './system-state.js';

describe('the state of the system', () => {
  let api: TestApi;
  let owner: pg.Pool;
  let auditor = '';

  beforeAll(async () => {
    api = await TestApi.start();
    owner = new pg.Pool({ connectionString: api.ownerUrl, max: 1 });
    auditor = await api.signIn('auditor');
  });
  afterAll(async () => {
    await owner.end();
    await api.stop();
  });

  const get = (token: string) => api.call<SystemDto & ProblemDto>('GET', '/api/system', { token });
  const read = async () => (await get(auditor)).body;
  const named = ({ projections }: SystemDto, name: string): ProjectionStateDto => {
    const found = projections.find((projection) => projection.name === name);
    if (!found) throw new Error(`${name} is not in the list`);
    return found;
  };
  const shown = async (name: string) => named(await read(), name);

  it.each([
    ['auditor', 200],
    ['admin', 200],
    ['hopper', 403],
    ['ada', 403],
  ])('%s: %s', async (username, status) => {
    expect((await get(await api.signIn(username))).status).toBe(status);
  });

  it('nobody is refused silently, and reading it is no event', async () => {
    const token = await api.signIn('ben');
    const before = await api.store.head();
    await read();
    expect(await api.store.head()).toBe(before);
    expect((await get(token)).body).toMatchObject({ code: 'not-allowed', detail: expect.stringContaining('auditors') });
    const query = `after=${await api.store.head()}&actor=ben&type=AccessRefused`;
    const { body } = await api.call<AuditPageDto>('GET', `/api/audit/events?${query}`, { token: auditor });
    expect(body.entries).toEqual([
      expect.objectContaining({ object: 'system', summary: 'refused: see the state of the system' }),
    ]);
  });

  it('has the event store and every projection, all of them up to date, and no secret', async () => {
    const { body, text } = await eventually(async () => {
      const answer = await get(auditor);
      const isCurrent = answer.body.projections.every(({ state }) => state === 'current');
      return isCurrent && { body: answer.body, text: JSON.stringify(answer.body) };
    }, 'every projection being up to date');
    expect(body.eventStore).toEqual({
      kind: 'Postgres',
      available: true,
      identity: await api.store.identity(),
      head: await api.store.head(),
    });
    expect(body.projections.map(({ name, kind }) => [name, kind])).toEqual([
      ['directory', 'read-model'],
      ['runs', 'read-model'],
      ['audit', 'read-model'],
      ['activity', 'read-model'],
      ['run-queue', 'reactor'],
      ['write-back', 'reactor'],
    ]);
    for (const projection of body.projections)
      expect(projection).toMatchObject({
        ...{
          storedVersion: projection.programVersion,
          share: 1,
          fault: null,
          faultPosition: null,
          skipped: 0,
          rebuild: null,
        },
        updatedAt: expect.stringMatching(/^\d{4}-.*Z$/),
      });
    expect(named(body, 'audit').position).toBe(body.eventStore.head);
    expect(text).not.toMatch(/postgres(ql)?:\/\/|password|secret/i);
  });

  it('a projection that has stopped, with its sentence and its position', async () => {
    const position = await api.store.head();
    await api.pool.query(`update read.checkpoint set fault = $1, fault_position = $2 where projection = 'runs'`, [
      'The read model "runs" has stopped.',
      position,
    ]);
    expect(await shown('runs')).toMatchObject({
      ...{ state: 'stopped', fault: 'The read model "runs" has stopped.', faultPosition: position },
    });
    await api.pool.query(`update read.checkpoint set fault = null, fault_position = null where projection = 'runs'`);
    expect(await shown('runs')).toMatchObject({ state: 'current', fault: null });
  });

  it('one of another version, one that leaves an event out, and a rebuild that was interrupted', async () => {
    const identity = await api.store.identity();
    const { programVersion } = named(await read(), 'directory');
    const storedVersion = Number(programVersion) + 1;
    await owner.query(`update read.checkpoint set version = $1 where projection = 'directory'`, [storedVersion]);
    await owner.query(
      `insert into read.skip (projection, epoch, position, reason, skipped_by) values ('audit', $1, '1', 'a test', 'jest')`,
      [identity],
    );
    await owner.query(
      `insert into read.rebuild (projection, version, shape, epoch, position, events) values ('audit', 1, '', $1, '1', 12)`,
      [identity],
    );
    const system = await read();
    expect(named(system, 'directory')).toMatchObject({ state: 'too-new', programVersion, storedVersion });
    expect(named(system, 'directory').fault).toContain('upgrade the program');
    expect(named(system, 'audit')).toMatchObject({
      ...{ state: 'current', skipped: 1 },
      rebuild: { version: 1, events: 12, running: false, fault: null },
    });
    expect(named(system, 'audit').rebuild?.share).toBeLessThan(1);
    await owner.query(`update read.checkpoint set version = $1 where projection = 'directory'`, [programVersion]);
    await owner.query(`delete from read.skip; delete from read.rebuild`);
  });

  it('without an answer of the event store within the time: what the database alone can tell', async () => {
    const silent = await SilentServer.start();
    const store = createPostgresEventStore({ connectionString: `postgres://nobody@127.0.0.1:${silent.port}/none` });
    const system = await new SystemState(store, api.pool, 'KurrentDB', 50).read();
    await silent.stop();
    await store.close();
    expect(system.eventStore).toEqual({ kind: 'KurrentDB', available: false, identity: null, head: null });
    expect(system.projections.map(({ state, share, fault }) => ({ state, share, fault }))).toEqual(
      Array.from({ length: PROJECTORS.length + REACTORS.length }, () => ({
        state: 'unknown',
        share: null,
        fault: null,
      })),
    );
    expect(named(system, 'audit').position).toBe(await api.store.head());
  });

  it('a KurrentDB that goes away and comes back', async () => {
    const log = await createInProcessLog();
    const state = new SystemState(log.open(), api.pool, 'KurrentDB', 500);
    const available = await eventually(async () => {
      const system = await state.read();
      return system.eventStore.available && system;
    }, 'the first answer');
    expect(available.eventStore).toMatchObject({ kind: 'KurrentDB', head: null, identity: expect.any(String) });
    const ofAnother = Array.from({ length: PROJECTORS.length + REACTORS.length }, () => 'foreign-log');
    expect(available.projections.map(({ state }) => state)).toEqual(ofAnother);
    log.server.stop();
    const away = await state.read();
    expect(away.eventStore).toMatchObject({ available: false, identity: null });
    expect(away.projections.map(({ state }) => state)).toEqual(ofAnother);
    await log.server.start();
    await eventually(async () => (await state.read()).eventStore.available, 'the store being back');
    await log.dispose();
  });

  it('a store that is away, over HTTP: what was known of the log still tells a stopped and an older one from the others', async () => {
    await read();
    await api.app.get<EventStore>(EVENT_STORE).close();
    await api.pool.query(`update read.checkpoint set fault = 'why', fault_position = '1' where projection = 'runs'`);
    await api.pool.query(`update read.checkpoint set version = 0 where projection = 'directory'`);
    await api.pool.query(`update read.checkpoint set epoch = 'another' where projection = 'run-queue'`);
    const { status, body } = await get(auditor);
    expect(status).toBe(200);
    expect(body.eventStore).toEqual({ kind: 'Postgres', available: false, identity: null, head: null });
    expect(body.projections.map(({ name, state }) => [name, state])).toEqual([
      ['directory', 'outdated'],
      ['runs', 'stopped'],
      ['audit', 'unknown'],
      ['activity', 'unknown'],
      ['run-queue', 'foreign-log'],
      ['write-back', 'unknown'],
    ]);
    expect(named(body, 'runs')).toMatchObject({ fault: 'why', faultPosition: '1', share: null });
  });
});

/** Takes connections and says nothing. */
class SilentServer {
  readonly #sockets: Socket[] = [];
  readonly #server: Server;

  private constructor(server: Server) {
    this.#server = server;
    server.on('connection', (socket) => this.#sockets.push(socket.on('error', () => undefined)));
  }

  static async start(): Promise<SilentServer> {
    const server = createServer();
    await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
    return new SilentServer(server);
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  async stop(): Promise<void> {
    const closed = new Promise((done) => this.#server.close(done));
    for (const socket of this.#sockets) socket.destroy();
    await closed;
  }
}
