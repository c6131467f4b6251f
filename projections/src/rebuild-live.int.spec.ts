import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import { type DomainEvent, encodeEvent, encodeFileEdited, FILE_EDITED, toJsonBytes } from '@palimpsest/domain';
import type { NewEvent, Position } from '@palimpsest/event-store';
import { filterOf, type Projector } from './projector.js';
import { PROJECTORS } from './projectors.js';
import { TestLog } from './testing/test-log.js';

/** Columns that a rebuild may give other values: the number of an audit entry only orders it. */
const VOLATILE = new Set(['entry_no']);

/** Every read model there is: a new one is tested by being one. */
describe('every read model, rebuilt while a class is at work', () => {
  const course = randomUUID();
  const people = Array.from({ length: 3 }, () => ({ id: randomUUID(), workspace: randomUUID(), file: randomUUID() }));
  let log: TestLog;
  let seed = 3;
  const next = (most: number) => (seed = (seed * 48_271) % 2_147_483_647) % most;

  beforeAll(async () => {
    log = await TestLog.start();
    await append(`course-${course}`, event('CourseCreated', { id: course, title: 'Python' }));
    for (const { id, workspace, file } of people) {
      await append(`user-${id}`, event('UserRegistered', { id, username: id, displayName: 'A', role: 'student' }));
      await append(`course-${course}`, event('MemberEnrolled', { user: id, role: 'student' }));
      const opened = { id: workspace, kind: 'personal', course, owner: id, name: 'Mine' };
      await append(
        `workspace-${workspace}`,
        event('WorkspaceOpened', opened),
        event('FileCreated', { file, path: 'a.py' }),
      );
    }
    for (let n = 0; n < 150; n++) await work();
  });
  afterEach(() => log.stopRunners());
  afterAll(() => log.stop());

  function append(stream: string, ...events: NewEvent[]) {
    return log.store.append(stream, events, { expected: 'any' });
  }

  function event(type: DomainEvent['type'], data: object, by?: string): NewEvent {
    const actor =
      by === undefined ? { id: 'system', role: 'system', via: 'system' } : { id: by, role: 'student', via: 'web' };
    return { id: randomUUID(), ...encodeEvent({ type, data } as DomainEvent, { actor, course } as never) };
  }

  /** Something that somebody of the class does. */
  async function work(): Promise<Position> {
    const { id, workspace, file } = people[next(people.length)] ?? { id: '', workspace: '', file: '' };
    const stream = `workspace-${workspace}`;
    switch (next(5)) {
      case 0:
        return ranScript(id, workspace);
      case 1: {
        const made = randomUUID();
        const path = `${made}.py`;
        const moved = event('FileMoved', { file: made, from: path, to: `to-${path}` }, id);
        const { position } = await append(stream, event('FileCreated', { file: made, path }, id), moved);
        return next(2) === 0
          ? position
          : (await append(stream, event('FileDeleted', { file: made, path }, id))).position;
      }
      case 2:
        return (
          await append('audit-2026-11', event('LimitReached', { limit: 'runs-a-minute', most: 1, waitSeconds: 1 }, id))
        ).position;
      default: {
        const edits = [{ ms: 0, origin: 'live' as const, update: new Uint8Array([0, 0]) }];
        const metadata = toJsonBytes({ v: 1, actor: { id, role: 'student', via: 'websocket' }, course });
        const data = encodeFileEdited({ startedAt: 1, edits });
        const typed: NewEvent = { id: randomUUID(), type: FILE_EDITED, contentType: 'binary', data, metadata };
        return (await append(`file-${file}`, typed)).position;
      }
    }
  }

  /** In two appends, so that a batch may end between them. */
  async function ranScript(by: string, workspace: string): Promise<Position> {
    const run = randomUUID();
    const asked = { id: run, workspace, course, by, mode: 'script', entry: 'a.py', files: [], columns: 80, rows: 24 };
    await append(`run-${run}`, event('RunRequested', asked, by));
    const exception = ['NameError', 'TypeError'][next(2)] ?? '';
    const raised = { ms: 1, exception, message: '', path: null, line: null, explanation: null, traceback: '' };
    const { position } = await append(
      `run-${run}`,
      event('RunStarted', { executor: 'e', attempt: 'a', sandbox: 'full', startedAt: 1 }),
      event('ErrorRaised', raised),
      event('ReplEntered', { ms: 2, script: { kind: 'raised', exception } }),
      event('RunFinished', { outcome: { kind: 'exited', code: 0 }, usage: null }),
    );
    return position;
  }

  async function content({ tables }: Projector): Promise<Record<string, string[]>> {
    const found: Record<string, string[]> = {};
    for (const table of tables) {
      const { rows } = await log.pool.query<object>(`select * from read.${table}`);
      found[table] = rows
        .map((row) => JSON.stringify(Object.entries(row).filter(([column]) => !VOLATILE.has(column))))
        .sort();
    }
    return found;
  }

  /** Events that concern the read model and that it has not applied, according to its checkpoint. */
  async function behind(projector: Projector): Promise<number> {
    const position = (await log.checkpoint(projector.name))?.['position'] as Position;
    let count = 0;
    for await (const _ of log.store.readAll({ after: position, ...filterOf(projector) })) count += 1;
    return count;
  }

  /** Rows of all its tables. */
  async function rowsOf({ tables }: Projector): Promise<number> {
    const { rows } = await log.pool.query<{ rows: number }>(
      `select ${tables.map((table) => `(select count(*)::int from read.${table})`).join(' + ')} as rows`,
    );
    return rows[0]?.rows ?? 0;
  }

  describe.each(PROJECTORS.map((projector) => [projector.name, projector] as const))('%s', (_, projector) => {
    it('answers with its rows all the while, and has everything afterwards', async () => {
      await log.rebuild(projector);
      const runner = log.run(projector);
      await log.reached(runner, (await log.store.head()) as Position);
      let ended = false;
      const rebuild = log.rebuild(projector).finally(() => (ended = true));
      const least = await rowsOf(projector);
      let reads = 0;
      let position = (await log.store.head()) as Position;
      do {
        position = await work();
        // Runs begin and end in one turn here, so nothing goes away.
        expect(await rowsOf(projector)).toBeGreaterThanOrEqual(least);
        reads += 1;
      } while (!ended);
      await rebuild;
      expect(reads).toBeGreaterThan(0);
      for (let n = 0; n < 20; n++) position = await work();
      await log.reached(runner, position);
      expect(await behind(projector)).toBe(0);
      await runner.stop();
      const live = await content(projector);
      await log.rebuild(projector);
      expect(await content(projector)).toEqual(live);
      await log.rebuild({ ...projector, applyAll: undefined } as never);
      expect(await content(projector)).toEqual(live);
    });
  });
});
