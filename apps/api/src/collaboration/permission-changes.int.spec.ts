import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import {
  asId,
  type CourseId,
  courseDecider,
  type FileId,
  runDecider,
  type RunId,
  streamOf,
  userDecider,
  workspaceDecider,
  type WorkspaceId,
} from '@palimpsest/domain';
import { eventually } from '@palimpsest/test-support';
import { WebSocket } from 'ws';
import { accountId } from '../auth/account-id.js';
import { Accounts } from '../auth/accounts.js';
import { CommandHandler } from '../commands/command-handler.js';
import { systemContext } from '../commands/context.js';
import { writeFirstText } from '../workspaces/file-content.js';
import { CollabClient } from '../testing/collab-client.js';
import { TestApi } from '../testing/test-api.js';

/** What the product promises is 1,000 ms; a busy test machine gets three times as much. */
const WITHIN_MS = 3_000;

interface Closed {
  readonly code: number;
  readonly reason: string;
}

describe('rights that change while somebody is connected', () => {
  const nodes: TestApi[] = [];
  const took: number[] = [];
  const clients: CollabClient[] = [];
  const sockets: WebSocket[] = [];
  let commands: CommandHandler;
  let course: CourseId;
  let workspace: WorkspaceId;
  let file: FileId;
  let person = '';

  beforeAll(async () => {
    const first = await TestApi.start();
    nodes.push(first, await first.anotherNode());
    commands = first.app.get(CommandHandler);
  });
  /** Each test has a person, a course and a file of its own: what it takes away, others must not miss. */
  beforeEach(async () => {
    course = asId<CourseId>(randomUUID());
    workspace = asId<WorkspaceId>(randomUUID());
    file = asId<FileId>(randomUUID());
    person = `p${randomUUID().slice(0, 8)}`;
    const accounts = nodes[0]!.app.get(Accounts);
    const account = { username: person, displayName: 'P', role: 'student', password: 'long enough 123' } as const;
    await accounts.register(account, systemContext());
    await inCourse({ kind: 'create', id: course, title: 'A course', sections: [] });
    await inCourse({ kind: 'enrol', user: accountId(person), role: 'student' });
    const opened = { id: workspace, kind: 'course', course, owner: accountId('hopper'), name: 'shared' } as const;
    await inWorkspace({ kind: 'open', workspace: opened });
    await writeFirstText(nodes[0]!.store, file, 'text', systemContext());
    await inWorkspace({ kind: 'createFile', file, path: 'a.py' });
  });
  afterEach(() => {
    clients.splice(0).forEach((client) => client.end());
    sockets.splice(0).forEach((socket) => socket.terminate());
  });
  afterAll(async () => {
    for (const node of nodes.reverse()) await node.stop();
    process.stderr.write(`from the change to the close, ms: ${took.map(Math.round).join(', ')}\n`);
  });

  const inCourse = (command: Parameters<typeof courseDecider.decide>[0]) =>
    commands.execute(streamOf.course(course), courseDecider, command, systemContext());
  const inWorkspace = (command: Parameters<typeof workspaceDecider.decide>[0]) =>
    commands.execute(streamOf.workspace(workspace), workspaceDecider, command, systemContext());
  const account = (command: Parameters<typeof userDecider.decide>[0]) =>
    commands.execute(streamOf.user(accountId(person)), userDecider, command, systemContext());

  async function signIn(node: TestApi): Promise<string> {
    const body = { username: person, password: 'long enough 123' };
    const answer = await eventually(async () => {
      const tried = await node.call<{ accessToken: string }>('POST', '/api/auth/sign-in', { body });
      return tried.status === 200 && tried;
    }, 'signing in');
    return answer.body.accessToken;
  }

  /** Connects to the file on every node; resolves when all are synchronised. */
  async function connect(token: string): Promise<CollabClient[]> {
    await eventually(async () => {
      const { status } = await nodes[1]!.call('GET', `/api/workspaces/${workspace}`, { token });
      return status === 200;
    }, 'the workspace in the directory');
    for (const node of nodes) clients.push(await new CollabClient(node.address, file, token).synced());
    return clients;
  }

  /** Makes the change and waits until everybody has been closed. */
  async function closedAfter(change: () => Promise<unknown>): Promise<Closed[]> {
    const began = performance.now();
    await change();
    const closed = await eventually(
      () => clients.every((client) => client.closed) && clients.map((client) => client.closed as Closed),
      'the connections closing',
      WITHIN_MS,
    );
    took.push(performance.now() - began);
    return closed;
  }

  it('[AU3] removed from the course: closed with 4403 on every node', async () => {
    await connect(await signIn(nodes[0]!));
    for (const closed of await closedAfter(() => inCourse({ kind: 'removeMember', user: accountId(person) }))) {
      expect(closed.code).toBe(4403);
      expect(closed.reason).toBe('You may not see this file any more.');
    }
  });

  it('[AU3] a role in the course that may only read: closed with 4403, and reads after coming back', async () => {
    const token = await signIn(nodes[0]!);
    await connect(token);
    const change = () => inCourse({ kind: 'enrol', user: accountId(person), role: 'auditor' });
    for (const closed of await closedAfter(change)) {
      expect(closed.code).toBe(4403);
      expect(closed.reason).toContain('read-only for you now');
    }
    const reader = await new CollabClient(nodes[1]!.address, file, token).synced();
    clients.push(reader);
    expect(reader.text.toString()).toBe('text');
  });

  it('[AU4] more rights: closed with 4500, which comes back, and writes then', async () => {
    await inCourse({ kind: 'enrol', user: accountId(person), role: 'auditor' });
    const token = await signIn(nodes[0]!);
    await connect(token);
    const change = () => inCourse({ kind: 'enrol', user: accountId(person), role: 'student' });
    for (const closed of await closedAfter(change)) expect(closed.code).toBe(4500);
    const writer = await new CollabClient(nodes[1]!.address, file, token).synced();
    const other = await new CollabClient(nodes[0]!.address, file, token).synced();
    clients.push(writer, other);
    writer.text.insert(0, 'more ');
    await eventually(() => other.text.toString() === 'more text', 'the text on the other node');
  });

  it('[AU3] the role of the account: closed with 4403', async () => {
    await connect(await signIn(nodes[0]!));
    for (const closed of await closedAfter(() =>
      account({ kind: 'changeRole', role: 'auditor', isLastAdmin: false }),
    )) {
      expect(closed.code).toBe(4403);
      expect(closed.reason).toContain('You are now auditor');
    }
  });

  it('[AU3] the account deactivated: closed with 4401', async () => {
    await connect(await signIn(nodes[0]!));
    for (const closed of await closedAfter(() => account({ kind: 'deactivate', reason: 'left', isLastAdmin: false }))) {
      expect(closed.code).toBe(4401);
      expect(closed.reason).toContain('deactivated');
    }
  });

  it('[AU3] signed out on one node: closed with 4401 on both, and only this session', async () => {
    const token = await signIn(nodes[0]!);
    await connect(token);
    const other = await new CollabClient(nodes[1]!.address, file, await signIn(nodes[1]!)).synced();
    const closed = await closedAfter(() => nodes[1]!.call('POST', '/api/auth/sign-out', { token }));
    for (const { code, reason } of closed)
      expect([code, reason]).toEqual([4401, 'Your session has ended: sign in again.']);
    expect(other.closed).toBeUndefined();
    other.end();
  });

  it('[AU3] a session that expires or is taken away without an event: closed with 4401', async () => {
    await connect(await signIn(nodes[0]!));
    const expire = () =>
      nodes[0]!.pool.query('update ops.session set expires_at = clock_timestamp() where user_id = $1', [
        accountId(person),
      ]);
    for (const { code } of await closedAfter(expire)) expect(code).toBe(4401);
  });

  it('[AU3] the file deleted: closed with 4404; [AU4] restored: 4500', async () => {
    const token = await signIn(nodes[0]!);
    await connect(token);
    for (const closed of await closedAfter(() => inWorkspace({ kind: 'deleteFile', file })))
      expect([closed.code, closed.reason]).toEqual([4404, 'This file has been deleted.']);
    clients.splice(0).forEach((client) => client.end());
    await connect(token);
    for (const { code } of await closedAfter(() => inWorkspace({ kind: 'restoreFile', file }))) expect(code).toBe(4500);
  });

  it('what concerns others closes nobody', async () => {
    await connect(await signIn(nodes[0]!));
    const another = asId<FileId>(randomUUID());
    await inWorkspace({ kind: 'createFile', file: another, path: 'b.py' });
    await inWorkspace({ kind: 'deleteFile', file: another });
    await inCourse({ kind: 'enrol', user: accountId('ben'), role: 'student' });
    await inCourse({ kind: 'removeMember', user: accountId('ben') });
    await new Promise((done) => setTimeout(done, 1_000));
    expect(clients.map(({ closed }) => closed)).toEqual([undefined, undefined]);
  });

  it('[AU5] what a client sends after it was told to go is not read', async () => {
    const token = await signIn(nodes[0]!);
    const [, there] = await connect(token);
    const stubborn = new WebSocket(`ws://${nodes[0]!.address}/collab/${file}?token=${token}`);
    sockets.push(stubborn);
    await new Promise((done) => stubborn.once('open', done));
    // A client that does not answer the close frame: its socket does not read any more, and goes on writing.
    stubborn.pause();
    await new Promise((done) => setTimeout(done, 200));
    await inCourse({ kind: 'removeMember', user: accountId(person) });
    await eventually(() => there?.closed, 'the others being closed', WITHIN_MS);
    await new Promise((done) => setTimeout(done, 300));
    const before = await revision();
    stubborn.send(insertion());
    await new Promise((done) => setTimeout(done, 500));
    expect(await revision()).toBe(before);
    stubborn.resume();
    await eventually(() => stubborn.readyState === WebSocket.CLOSED, 'the server cutting it off');
  });

  it('[AU3] sockets of a run: closed in the same way', async () => {
    const token = await signIn(nodes[0]!);
    await connect(token);
    const run = asId<RunId>(randomUUID());
    const by = accountId(person);
    const requested = { id: run, workspace, course, by, mode: 'repl', entry: null, files: [], columns: 80, rows: 24 };
    const context = systemContext();
    await commands.execute(streamOf.run(run), runDecider, { kind: 'request', run: requested } as never, context);
    const closed: Closed[] = [];
    for (const node of nodes) {
      const socket = new WebSocket(`ws://${node.address}/runs/${run}?token=${token}`);
      sockets.push(socket);
      socket.on('close', (code, reason) => closed.push({ code, reason: reason.toString() }));
      await new Promise<void>((done) =>
        socket.on('message', (data: Buffer) => data.toString().includes('"live"') && done()),
      );
    }
    const began = performance.now();
    await inCourse({ kind: 'removeMember', user: accountId(person) });
    await eventually(() => closed.length === 2, 'the sockets closing', WITHIN_MS);
    took.push(performance.now() - began);
    for (const { code, reason } of closed) expect([code, reason]).toEqual([4403, 'You may not see this run any more.']);
  });

  async function revision(): Promise<bigint | undefined> {
    return (await nodes[0]!.store.streamInfo(streamOf.file(file))).revision;
  }
});

/** A sync update that inserts "!" at the beginning of an empty text, under client id 77. */
function insertion(): Uint8Array {
  const update = [1, 1, 77, 0, 4, 1, 4, ...Buffer.from('text'), 1, 33, 0];
  return Uint8Array.of(0, 2, update.length, ...update);
}
