import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import {
  asId,
  encodeEvent,
  type FileId,
  readEvent,
  type RunId,
  streamOf,
  SYSTEM,
  type WorkspaceId,
} from '@palimpsest/domain';
import {
  CLOSE,
  type CourseDto,
  type ItemOverviewDto,
  type ReceiptDto,
  type WorkspaceDto,
  type WrittenDto,
} from '@palimpsest/protocol';
import { eventually } from '@palimpsest/test-support';
import { Classroom, inMs } from '../testing/classroom.js';
import { CollabClient } from '../testing/collab-client.js';
import { TestApi } from '../testing/test-api.js';
import { WorkspaceCopies } from './workspace-copies.js';

describe('work on what a course publishes', () => {
  let api: TestApi;
  let room: Classroom;
  const clients: CollabClient[] = [];

  beforeAll(async () => {
    api = await TestApi.start();
    room = await Classroom.open(api);
  });
  afterEach(() => clients.splice(0).forEach((client) => client.end()));
  afterAll(() => api.stop());

  async function editor(who: string, file: string | undefined): Promise<CollabClient> {
    const client = new CollabClient(api.address, file ?? '', await room.token(who));
    clients.push(client);
    return client.synced();
  }

  async function textOf(who: string, workspace: string, file: string | undefined): Promise<string> {
    const headers = { authorization: `Bearer ${await room.token(who)}` };
    const path = `/api/workspaces/${workspace}/files/${file}/content`;
    return (await fetch(`http://${api.address}${path}`, { headers })).text();
  }

  const handIn = (who: string, workspace: string) =>
    room.as<ReceiptDto & { code: string }>(who, 'POST', `/api/workspaces/${workspace}/hand-ins`);

  async function eventsOf(workspace: string) {
    const events = [];
    for await (const recorded of api.store.readStream(streamOf.workspace(asId<WorkspaceId>(workspace))))
      events.push(readEvent(recorded));
    return events;
  }

  /** What becomes of a file that the program of this run has written, as its executor says it now. */
  async function notKeptOf(run: string): Promise<unknown> {
    const stream = streamOf.run(asId<RunId>(run));
    const content = { kind: 'text', sha256: '0f'.repeat(32), size: 1, mediaType: 'text/plain' } as const;
    const files = [{ path: 'out.txt', change: 'created', content } as const];
    const collected = { type: 'FilesCollected', data: { ms: 1, batch: 0, files, notKept: [], more: 0 } } as const;
    const encoded = encodeEvent(collected, { actor: SYSTEM });
    await api.store.append(stream, [{ id: randomUUID(), ...encoded }], { expected: 'any' });
    return eventually(async () => {
      for await (const recorded of api.store.readStream(stream)) {
        const event = readEvent(recorded);
        if (event.type === 'FilesNotKept') return event.data.files;
      }
      return undefined;
    }, 'the answer to the files');
  }

  describe('a copy', () => {
    it('is one for each student, with the files at recorded revisions, whoever asks how often', async () => {
      const item = await room.publish({ releaseAt: inMs(-1) }, { 'main.py': 'print(1)\n', 'lib/a.py': 'a = 1\n' });
      const asked = await Promise.all(
        Array.from({ length: 5 }, () => room.as<WrittenDto>('ada', 'POST', `/api/items/${item}/copy`)),
      );
      expect(asked.map(({ status }) => status)).toEqual([201, 201, 201, 201, 201]);
      expect(new Set(asked.map(({ body }) => body.id)).size).toBe(1);
      const copy = await room.open('ada', item);
      expect(copy).toMatchObject({ kind: 'copy', access: 'write', owner: room.id('ada') });
      expect(copy.files.map(({ path }) => path)).toEqual(['lib/a.py', 'main.py']);
      expect(await textOf('ada', copy.id, copy.files[1]?.id)).toBe('print(1)\n');
      const events = await eventsOf(copy.id);
      expect(events.map(({ type }) => type)).toEqual([
        ...['WorkspaceOpened', 'WorkspaceCopied', 'FileCreated', 'FileCreated'],
      ]);
      const material = (await room.item('hopper', item))?.material;
      expect(events[1]?.data).toMatchObject({ from: material, item, revision: '3' });
      expect((await room.open('ben', item)).id).not.toBe(copy.id);
      // Others do not see it; those who teach read it.
      expect((await room.as('ben', 'GET', `/api/workspaces/${copy.id}`)).status).toBe(404);
      expect((await room.as<WorkspaceDto>('hopper', 'GET', `/api/workspaces/${copy.id}`)).body.access).toBe('read');
      const list = async (who: string) => (await room.as<CourseDto[]>(who, 'GET', '/api/courses')).body[0]?.workspaces;
      expect((await list('ada'))?.some(({ id }) => id === copy.id)).toBe(true);
      expect((await list('hopper'))?.some(({ id }) => id === copy.id)).toBe(false);
    });

    it('is completed by who asks again after a crash in the middle', async () => {
      const item = await room.publish({ releaseAt: inMs(-1) }, { 'main.py': 'print(1)\n', 'b.py': 'b = 1\n' });
      const material = (await room.item('hopper', item))?.material ?? '';
      const { files } = (await room.as<WorkspaceDto>('hopper', 'GET', `/api/workspaces/${material}`)).body;
      // All that a process had done that was killed before the one append: the contents are there, no workspace is.
      const copies = api.app.get(WorkspaceCopies, { strict: false });
      const commands = Reflect.get(copies, 'commands') as { execute: unknown };
      const execute = commands.execute;
      commands.execute = () => Promise.reject(new Error('killed'));
      expect((await room.as('ada', 'POST', `/api/items/${item}/copy`)).status).toBe(500);
      commands.execute = execute;
      // Meanwhile one of the files was changed: the copy has it as it is now, and the other as it was written before.
      const main = files.find(({ path }) => path === 'main.py');
      const professor = await editor('hopper', main?.id);
      professor.text.insert(0, '# new\n');
      await eventually(async () => (await textOf('hopper', material, main?.id)).startsWith('# new'), 'the edit');
      const copy = await room.open('ada', item);
      expect(copy.files.map(({ path }) => path)).toEqual(['b.py', 'main.py']);
      expect(await textOf('ada', copy.id, copy.files[0]?.id)).toBe('b = 1\n');
      expect(await textOf('ada', copy.id, copy.files[1]?.id)).toBe('# new\nprint(1)\n');
    });

    it('is one for each group; who is moved to another group works there at once, and not here any more', async () => {
      const item = await room.publish({ releaseAt: inMs(-1), groups: true });
      expect((await room.as('ada', 'POST', `/api/items/${item}/copy`)).body.code).toBe('no-group');
      const [red, blue] = [randomUUID(), randomUUID()];
      const set = async (group: string, name: string, ...members: string[]) => {
        const body = { name, members: members.map((one) => room.id(one)) };
        const put = await room.as('hopper', 'PUT', `/api/items/${item}/groups/${group}`, body);
        await room.items('hopper', put.body.position);
      };
      await set(red, 'Red', 'ada', 'ben');
      const [ada, ben] = await Promise.all([room.open('ada', item), room.open('ben', item)]);
      expect(ben.id).toBe(ada.id);
      expect(ben.access).toBe('write');
      expect((await room.as('chloe', 'GET', `/api/workspaces/${ada.id}`)).status).toBe(404);
      const together = await editor('ben', ada.files[0]?.id);
      const alone = await editor('ada', ada.files[0]?.id);
      alone.text.insert(0, '# ada\n');
      await eventually(() => together.text.toString().startsWith('# ada'), 'the edit of the other');
      await set(blue, 'Blue', 'ben', 'chloe');
      await eventually(() => together.closed, 'the end of the connection', 2_000);
      expect(together.closed?.code).toBe(CLOSE.forbidden);
      expect(alone.closed).toBeUndefined();
      expect((await room.as('ben', 'GET', `/api/workspaces/${ada.id}`)).status).toBe(404);
      expect((await room.open('ben', item)).id).toBe((await room.open('chloe', item)).id);
      expect((await room.as<ItemOverviewDto>('hopper', 'GET', `/api/items/${item}/overview`)).body.groups).toEqual([
        { id: blue, name: 'Blue', members: [room.id('ben'), room.id('chloe')].sort() },
        { id: red, name: 'Red', members: [room.id('ada')] },
      ]);
    });

    it('of material is one’s own, of others nothing is made', async () => {
      const item = await room.publish({ kind: 'material', section: 'Lecture Notes', releaseAt: inMs(-1) });
      const own = await room.open('ada', item);
      expect(own).toMatchObject({ kind: 'personal', access: 'write' });
      expect((await room.open('ada', item)).id).toBe(own.id);
      expect((await room.open('hopper', item)).kind).toBe('personal');
      expect((await room.as('auditor', 'POST', `/api/items/${item}/copy`)).status).toBe(403);
      const work = await room.publish({ releaseAt: inMs(-1) });
      expect((await room.as('hopper', 'POST', `/api/items/${work}/copy`)).status).toBe(403);
      expect((await handIn('ada', own.id)).status).toBe(403);
    });
  });

  describe('a test', () => {
    it('locks at its end: connections are closed, nothing is written, run or handed in; the copy stays readable', async () => {
      const times = { releaseAt: inMs(-1), startAt: inMs(-1), endAt: inMs(60_000) };
      const item = await room.publish({ kind: 'test', section: 'Tests', title: 'Exam', ...times });
      const copy = await room.open('ada', item);
      const file = copy.files[0]?.id ?? '';
      const late = inMs(120_000);
      await room.as('hopper', 'PUT', `/api/items/${item}/extensions/${room.id('ben')}`, { until: late });
      const bens = await room.open('ben', item);
      const endAt = inMs(4_000);
      const end = Date.parse(endAt);
      await room.change(item, { endAt });
      const [ada, ben] = [await editor('ada', file), await editor('ben', bens.files[0]?.id)];
      ada.text.insert(0, '# in time\n');
      await eventually(async () => (await textOf('ada', copy.id, file)).startsWith('# in time'), 'the edit');
      expect((await handIn('ada', copy.id)).body).toMatchObject({ late: false, deadline: endAt, verified: true });
      const run = await room.as('ada', 'POST', '/api/runs', { workspace: copy.id, mode: 'script' });
      expect(run.status).toBe(201);

      await eventually(() => ada.closed, 'the lock', 8_000);
      expect(Date.now() - end).toBeGreaterThanOrEqual(0);
      expect(Date.now() - end).toBeLessThan(1_500);
      expect(ada.closed?.code).toBe(CLOSE.forbidden);
      expect(ben.closed).toBeUndefined();
      for (const refused of [
        await handIn('ada', copy.id),
        await room.as('ada', 'POST', '/api/runs', { workspace: copy.id, mode: 'script' }),
        await room.as('ada', 'POST', `/api/workspaces/${copy.id}/files`, { path: 'late.py' }),
        await room.as('ada', 'PATCH', `/api/workspaces/${copy.id}/files/${file}`, { path: 'late.py' }),
        await room.as('ada', 'DELETE', `/api/workspaces/${copy.id}/files/${file}`),
        await room.as('chloe', 'POST', `/api/items/${item}/copy`),
      ])
        expect([refused.status, refused.body.code]).toEqual([403, 'locked']);
      expect((await room.as<WorkspaceDto>('ada', 'GET', `/api/workspaces/${copy.id}`)).body.access).toBe('read');
      expect(await textOf('ada', copy.id, file)).toContain('# in time');
      expect((await room.open('ada', item)).id).toBe(copy.id);
      expect((await handIn('ben', bens.id)).body).toMatchObject({ late: false, deadline: late });

      // A run that was started in time writes nothing any more.
      expect(await notKeptOf(run.body.id)).toEqual([{ path: 'out.txt', reason: 'not-allowed' }]);

      // Right after a restart nobody remembers anything, and it is locked all the same: another node says so.
      const other = await api.anotherNode();
      try {
        const client = new CollabClient(other.address, file, await room.token('ada'));
        clients.push(client);
        await client.synced();
        client.text.insert(0, '# too late\n');
        await eventually(() => client.closed, 'the refusal');
        expect(await textOf('ada', copy.id, file)).not.toContain('too late');
      } finally {
        await other.stop();
      }
    });

    it('takes nothing over an open connection after the end, though nobody has closed it yet', async () => {
      const times = { releaseAt: inMs(-1), startAt: inMs(-1), endAt: inMs(60_000) };
      const item = await room.publish({ kind: 'test', section: 'Tests', title: 'Exact', ...times });
      const copy = await room.open('ada', item);
      const file = asId<FileId>(copy.files[0]?.id ?? '');
      const endAt = inMs(2_500);
      const end = Date.parse(endAt);
      await room.change(item, { endAt });
      const ada = await editor('ada', file);
      await new Promise((resolve) => setTimeout(resolve, end - Date.now() - 800));
      // Faster than the look at the clock, and within the limit of messages.
      while (!ada.closed && Date.now() < end + 2_000) {
        ada.text.insert(0, '.');
        await new Promise((resolve) => setTimeout(resolve, 40));
      }
      expect(ada.closed?.code).toBe(CLOSE.forbidden);
      const recorded = [];
      for await (const event of api.store.readStream(streamOf.file(file), { from: 1n }))
        recorded.push(event.recordedAt);
      expect(recorded.length).toBeGreaterThan(5);
      // What was taken just before the end may be recorded a moment after it; an append takes some milliseconds.
      expect(Math.max(...recorded.map((at) => at.getTime())) - end).toBeLessThan(200);
    });

    it('opens again for who is given more time', async () => {
      const times = { releaseAt: inMs(-3_000), startAt: inMs(-2_000), endAt: inMs(60_000) };
      const item = await room.publish({ kind: 'test', section: 'Tests', title: 'More time', ...times });
      const copy = await room.open('ada', item);
      await room.change(item, { endAt: inMs(100) });
      await eventually(async () => (await handIn('ada', copy.id)).body.code === 'locked', 'the lock');
      const ada = await editor('ada', copy.files[0]?.id);
      await room.as('hopper', 'PUT', `/api/items/${item}/extensions/${room.id('ada')}`, { until: inMs(60_000) });
      await eventually(() => ada.closed?.code === CLOSE.goingAway, 'the call to come back');
      expect((await handIn('ada', copy.id)).status).toBe(201);
    });
  });

  describe('handing in', () => {
    it('gives a receipt of exactly what there was; the last one counts and all are kept', async () => {
      const item = await room.publish({ releaseAt: inMs(-2), dueAt: inMs(60_000) }, { 'main.py': 'abc', 'e.txt': '' });
      const copy = await room.open('ada', item);
      const first = await handIn('ada', copy.id);
      expect(first.status).toBe(201);
      const { files } = first.body;
      expect(files.find(({ path }) => path === 'main.py')).toMatchObject({
        ...{ kind: 'text', size: 3, revision: '0' },
        sha256: 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad',
      });
      const main = copy.files.find(({ path }) => path === 'main.py');
      const ada = await editor('ada', main?.id);
      ada.text.insert(0, '# more\n');
      await eventually(async () => (await textOf('ada', copy.id, main?.id)).startsWith('# more'), 'the edit');
      const second = await handIn('ada', copy.id);
      expect(second.body.digest).not.toBe(first.body.digest);
      const receipt = (who: string, id: string) => room.as<ReceiptDto>(who, 'GET', `/api/receipts/${id}`);
      const again = await eventually(async () => {
        const answer = await receipt('ada', second.body.id);
        return answer.status === 200 && answer.body;
      }, 'the receipt');
      expect(again).toEqual(second.body);
      expect((await receipt('ada', first.body.id)).body).toEqual(first.body);
      expect((await receipt('hopper', first.body.id)).body.verified).toBe(true);
      expect((await receipt('ben', first.body.id)).status).toBe(404);
      expect((await receipt('ada', randomUUID())).status).toBe(404);
      const list = await room.as<ReceiptDto[]>('ada', 'GET', `/api/workspaces/${copy.id}/hand-ins`);
      expect(list.body.map(({ id }) => id)).toEqual([second.body.id, first.body.id]);
      const table = (await room.as<ItemOverviewDto>('hopper', 'GET', `/api/items/${item}/overview`)).body;
      const row = table.students.find(({ username }) => username === 'ada');
      expect(row).toMatchObject({ copy: copy.id, receipt: second.body.id, late: false, handIns: 2, phase: 'open' });
      expect(Date.parse(row?.lastEditAt ?? '')).toBeLessThanOrEqual(Date.parse(second.body.at));
      expect(table.students.find(({ username }) => username === 'ben')).toMatchObject({ copy: null, handIns: 0 });
    });

    it('of the same request twice is one', async () => {
      const item = await room.publish({ releaseAt: inMs(-2) });
      const copy = await room.open('ada', item);
      const token = await room.token('ada');
      const options = { token, headers: { 'idempotency-key': randomUUID() } };
      const path = `/api/workspaces/${copy.id}/hand-ins`;
      const [one, two] = [await api.call('POST', path, options), await api.call('POST', path, options)];
      expect(two.body).toEqual(one.body);
      expect((await eventsOf(copy.id)).filter(({ type }) => type === 'WorkHandedIn')).toHaveLength(1);
    });

    it('is late after the due time, or refused where that closes; a group has the latest extension of its members', async () => {
      const item = await room.publish({ releaseAt: inMs(-2_000), dueAt: inMs(-1_000), groups: true });
      const closing = await room.publish({ releaseAt: inMs(-2_000), dueAt: inMs(60_000), closesAfterDue: true });
      const closingCopy = await room.open('ada', closing);
      await room.change(closing, { dueAt: inMs(300) });
      const group = `/api/items/${item}/groups/${randomUUID()}`;
      const put = await room.as('hopper', 'PUT', group, { name: 'R', members: [room.id('ada'), room.id('ben')] });
      await room.items('ada', put.body.position);
      const copy = await room.open('ada', item);
      expect((await handIn('ada', copy.id)).body).toMatchObject({ late: true });
      const until = inMs(60_000);
      const extended = await room.as('hopper', 'PUT', `/api/items/${item}/extensions/${room.id('ben')}`, { until });
      await room.items('ada', extended.body.position);
      expect((await handIn('ada', copy.id)).body).toMatchObject({ late: false, deadline: until });
      await eventually(async () => (await handIn('ada', closingCopy.id)).body.code === 'locked', 'what closes');
    });

    it('is for those whose work it is alone, and of files', async () => {
      const item = await room.publish({ releaseAt: inMs(-2) });
      const copy = await room.open('ada', item);
      expect((await handIn('ben', copy.id)).status).toBe(404);
      expect((await handIn('hopper', copy.id)).status).toBe(403);
      await room.as('ada', 'DELETE', `/api/workspaces/${copy.id}/files/${copy.files[0]?.id}`);
      expect((await handIn('ada', copy.id)).body.code).toBe('invalid-value');
    });
  });
});
