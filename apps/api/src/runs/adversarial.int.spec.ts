import { afterAll, afterEach, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { execFileSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { chmodSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  asId,
  courseDecider,
  type CourseId,
  encodeEvent,
  readEvent,
  RUN_QUEUE,
  type RunEvent,
  type RunId,
  streamOf,
  SYSTEM,
  type UserId,
} from '@palimpsest/domain';
import { StreamNotFound } from '@palimpsest/event-store';
import { eventually, ExecutorProcess } from '@palimpsest/test-support';
import { createPostgresBackend, Queue } from 'bullmq';
import pg from 'pg';
import { accountId } from '../auth/account-id.js';
import { CommandHandler } from '../commands/command-handler.js';
import { systemContext } from '../commands/context.js';
import { prepareDatabase } from '../installation/prepare-database.js';
import { RunClient } from '../testing/run-client.js';
import { TestApi } from '../testing/test-api.js';

jest.setTimeout(90_000);

const WATCHED_OFF = { MAX_LOAD_PER_CORE: '0', MIN_FREE_MEMORY_MB: '0', MIN_FREE_DISK_MB: '0' };

/** A classroom with two nodes of the api, one real executor, and people who want to break it. */
class Classroom {
  readonly clients: RunClient[] = [];
  readonly tokens = new Map<string, string>();
  /** Where a student may write: whose workspace by username. */
  readonly workspaces = new Map<string, string>();
  queue!: Queue<unknown>;
  executorUrl = '';
  executor!: ExecutorProcess;
  readonly scratch = mkdtempSync(join(tmpdir(), 'palimpsest-adversarial-'));

  constructor(readonly nodes: readonly [TestApi, TestApi]) {}

  static async open(): Promise<Classroom> {
    await ExecutorProcess.build();
    const first = await TestApi.start();
    const room = new Classroom([first, await first.anotherNode()]);
    chmodSync(room.scratch, 0o755);
    const role = { name: `executor_${randomUUID().slice(0, 8)}`, password: 'secret' };
    await prepareDatabase({ ownerUrl: first.ownerUrl, executor: role });
    room.executorUrl = first.ownerUrl.replace(/\/\/[^@]*@/, `//${role.name}:${role.password}@`);
    const connection = { connectionString: first.databaseUrl, schema: 'bullmq' };
    room.queue = new Queue<unknown>(RUN_QUEUE, { connection: connection as never }, createPostgresBackend as never);
    for (const name of ['ada', 'ben', 'hopper', 'chloe']) room.tokens.set(name, await first.signIn(name));
    for (const [name, label] of [
      ['ada', /Ada/],
      ['ben', /Ben/],
      ['chloe', /Chlo/],
    ] as const)
      room.workspaces.set(name, (await first.workspace(room.token(name), label)).id);
    room.executor = await room.startExecutor('adversarial');
    return room;
  }

  async close(): Promise<void> {
    await this.executor.stop();
    await this.queue.close();
    await this.nodes[1].stop();
    await this.nodes[0].stop();
    rmSync(this.scratch, { recursive: true, force: true });
  }

  settings(settings: Readonly<Record<string, string>> = {}): Readonly<Record<string, string>> {
    return {
      DATABASE_URL: this.executorUrl,
      PALIMPSEST_SCRATCH: this.scratch,
      ...WATCHED_OFF,
      MAX_OUTPUT_MB: '1',
      ...settings,
    };
  }

  startExecutor(
    name: string,
    settings: Readonly<Record<string, string>> = {},
    before: readonly string[] = [],
  ): Promise<ExecutorProcess> {
    return ExecutorProcess.start(`${name}-${process.pid}`, this.settings(settings), before);
  }

  token(name: string): string {
    return this.tokens.get(name) ?? '';
  }

  /** Runs a program as this person, in their own workspace. */
  async run(source: string, name = 'ada'): Promise<RunId> {
    const [api] = this.nodes;
    const workspace = this.workspaces.get(name);
    const path = `p${randomUUID().slice(0, 8)}.py`;
    const file = { path, text: source };
    const made = await api.call('POST', `/api/workspaces/${workspace}/files`, { token: this.token(name), body: file });
    expect(made.status).toBe(201);
    const body = { workspace, mode: 'script', entry: path };
    const asked = await api.call<{ id: RunId }>('POST', '/api/runs', { token: this.token(name), body });
    expect(asked.status).toBe(201);
    return asked.body.id;
  }

  async watch(run: string, name = 'ada', node: 0 | 1 = 0): Promise<RunClient> {
    return this.knock(run, this.token(name), node).opened();
  }

  /** Connects without expecting to be let in. */
  knock(run: string, token: string, node: 0 | 1 = 0): RunClient {
    const client = new RunClient(this.nodes[node].address, run, token);
    this.clients.push(client);
    return client;
  }

  async cancel(run: RunId, name = 'ada'): Promise<number> {
    return (await this.nodes[0].call('POST', `/api/runs/${run}/cancel`, { token: this.token(name) })).status;
  }

  async events(run: RunId): Promise<RunEvent[]> {
    const found: RunEvent[] = [];
    try {
      for await (const recorded of this.nodes[0].store.readStream(streamOf.run(run)))
        found.push(readEvent(recorded) as RunEvent);
    } catch (error) {
      if (!(error instanceof StreamNotFound)) throw error;
    }
    return found;
  }

  async count(run: RunId, type: RunEvent['type']): Promise<number> {
    return (await this.events(run)).filter((event) => event.type === type).length;
  }

  async append(run: RunId, event: RunEvent): Promise<void> {
    const encoded = { id: randomUUID(), ...encodeEvent(event, { actor: SYSTEM }) };
    await this.nodes[0].store.append(streamOf.run(run), [encoded], { expected: 'any' });
  }

  /** The outcome of a run that must end. */
  async outcome(run: RunId, patienceMs = 30_000): Promise<string> {
    await eventually(async () => (await this.count(run, 'RunFinished')) > 0, `the end of ${run}`, patienceMs);
    const ends = (await this.events(run)).flatMap((event) =>
      event.type === 'RunFinished' ? [event.data.outcome.kind] : [],
    );
    expect(ends).toHaveLength(1);
    return ends[0] ?? '';
  }

  /** Puts a job into the queue that no api has made; resolves with its state when it has been dealt with. */
  async smuggle(data: unknown): Promise<string> {
    const job = await this.queue.add('run', data, { jobId: `smuggled-${randomUUID()}`, attempts: 1 });
    return eventually(async () => {
      const state = await job.getState();
      return (state === 'completed' || state === 'failed') && state;
    }, 'the job being dealt with');
  }

  async eventsInLog(): Promise<bigint> {
    return BigInt((await this.nodes[0].store.head()) ?? '0');
  }
}

const LOOP = 'print("on", flush=True)\nwhile True: pass\n';
/** An echo of what is typed is output: it could reach its limit before a stop comes. */
const WITHOUT_ECHO =
  'import termios\nmode = termios.tcgetattr(0)\nmode[3] &= ~termios.ECHO\ntermios.tcsetattr(0, termios.TCSANOW, mode)\n';
const SLEEP = 'import time\nprint("on", flush=True)\ntime.sleep(600)\n';
const ECHO = 'while True: print("got", ascii(input()))\n';

interface Case {
  readonly name: string;
  readonly attempt: (room: Classroom) => Promise<unknown>;
  /** What `attempt` resolves with. */
  readonly expected: unknown;
}

const AT_THE_SOCKET: readonly Case[] = [
  {
    name: 'the browser vanishes without a word: the run goes on, and all of it is there for the next window',
    expected: ['on\n', "got 'later'"],
    async attempt(room) {
      const run = await room.run(`print("on")\n${ECHO}`);
      const gone = await room.watch(run);
      await gone.shows('on\n');
      const before = gone.output;
      gone.socket.terminate();
      const back = await room.watch(run);
      back.send({ t: 'input', text: 'later\r' });
      await back.shows("got 'later'");
      await room.cancel(run);
      return [before, "got 'later'"];
    },
  },
  {
    name: 'a window on another node shows the same, and takes input',
    expected: true,
    async attempt(room) {
      const run = await room.run(ECHO);
      const [here, there] = [await room.watch(run), await room.watch(run, 'ada', 1)];
      await here.gets('started');
      there.send({ t: 'input', text: 'across\r' });
      await here.shows("got 'across'");
      await there.shows("got 'across'");
      await room.cancel(run);
      for (const client of [here, there]) await client.gets('finished');
      return here.output === there.output;
    },
  },
  {
    name: 'input, resize and cancel of somebody who may only look are refused and leave no trace',
    expected: [
      ['not-allowed', 'not-allowed', 'not-allowed'],
      ['RunRequested', 'RunStarted', 'OutputEmitted'],
    ],
    async attempt(room) {
      const run = await room.run(SLEEP);
      const professor = await room.watch(run, 'hopper');
      await professor.shows('on');
      professor.send({ t: 'input', text: 'x' });
      professor.send({ t: 'resize', columns: 90, rows: 30 });
      professor.send({ t: 'cancel' });
      await eventually(() => professor.all('refused').length === 3, 'three refusals');
      const types = (await room.events(run)).map(({ type }) => type);
      await room.cancel(run);
      return [professor.all('refused').map(({ code }) => code), types];
    },
  },
  {
    name: "another student's run cannot be attached to, nor told from one that is not there",
    expected: [4404, 4404, true],
    async attempt(room) {
      const run = await room.run(SLEEP);
      const other = await room.knock(run, room.token('ben')).ends();
      const none = await room.knock(randomUUID(), room.token('ben')).ends();
      await room.cancel(run);
      return [other.code, none.code, other.reason === none.reason];
    },
  },
  {
    name: 'a run with a hostile name is none',
    expected: [4404, 4404, 4404],
    async attempt(room) {
      const names = ['..%2f..%2fetc', encodeURIComponent("' or 1=1 --"), 'RUN-'.repeat(200)];
      return Promise.all(names.map(async (name) => (await room.knock(name, room.token('ada')).ends()).code));
    },
  },
  {
    name: 'without a session, or with a made-up one, there is no socket',
    expected: ['401', '401'],
    async attempt(room) {
      const run = await room.run('print(1)\n');
      const ends = await Promise.all(['', 'made-up'].map((token) => room.knock(run, token).ends()));
      await room.cancel(run);
      return ends.map(({ reason }) => /\d{3}/.exec(reason)?.[0]);
    },
  },
  {
    name: "stopping another's run over HTTP is refused",
    expected: [404, 0],
    async attempt(room) {
      const run = await room.run(SLEEP);
      const status = await room.cancel(run, 'ben');
      const count = await room.count(run, 'RunCancelled');
      await room.cancel(run);
      return [status, count];
    },
  },
  {
    name: 'stopped before it starts: it ends at once and is never started',
    expected: ['cancelled', 0, ['cancelled', 'finished']],
    async attempt(room) {
      // Three hold all that one person may have.
      const busy = await Promise.all([1, 2, 3].map(() => room.run(SLEEP)));
      for (const run of busy) await eventually(async () => (await room.count(run, 'RunStarted')) > 0, 'its start');
      const run = await room.run('print("never")\n');
      const client = await room.watch(run);
      const place = await client.gets('place');
      expect(place.text).toBe('it starts when one of your other 3 programs ends');
      client.send({ t: 'cancel' });
      await client.gets('finished');
      for (const other of busy) await room.cancel(other);
      const told = client.messages.map(({ t }) => t).filter((t) => t === 'cancelled' || t === 'finished');
      return [await room.outcome(run), await room.count(run, 'RunStarted'), told];
    },
  },
  {
    name: 'stopped in the moment of starting: it ends as cancelled and leaves nothing',
    expected: 'cancelled',
    async attempt(room) {
      const run = await room.run(LOOP);
      await eventually(async () => (await room.count(run, 'RunStarted')) > 0, 'its start');
      await room.cancel(run);
      return room.outcome(run);
    },
  },
  {
    name: 'stopped by two windows and a request at once: one wish, one end',
    expected: [1, 'cancelled', 201],
    async attempt(room) {
      const run = await room.run(LOOP);
      const clients = [await room.watch(run), await room.watch(run, 'ada', 1)];
      await clients[0]!.shows('on');
      for (const client of clients) client.send({ t: 'cancel' });
      await room.cancel(run);
      const outcome = await room.outcome(run);
      const again = await room.cancel(run);
      return [await room.count(run, 'RunCancelled'), outcome, again];
    },
  },
  {
    name: 'input before the start and after the end is refused with the reason',
    expected: ['run-not-started', 'run-ended'],
    async attempt(room) {
      const busy = await Promise.all([1, 2, 3].map(() => room.run(SLEEP)));
      for (const run of busy) await eventually(async () => (await room.count(run, 'RunStarted')) > 0, 'its start');
      const client = await room.watch(await room.run('print(1)\n'));
      client.send({ t: 'input', text: 'x' });
      await client.gets('refused');
      client.send({ t: 'cancel' });
      await client.gets('finished');
      client.send({ t: 'input', text: 'x' });
      await eventually(() => client.all('refused').length === 2, 'the second refusal');
      for (const run of busy) await room.cancel(run);
      return client.all('refused').map(({ code }) => code);
    },
  },
  {
    name: 'input at the limit is taken, one character more is not',
    expected: ['too-large', 1],
    async attempt(room) {
      const run = await room.run(SLEEP);
      const client = await room.watch(run);
      await client.shows('on');
      client.send({ t: 'input', text: 'x'.repeat(16_385) });
      const { code } = await client.gets('refused');
      client.send({ t: 'input', text: 'x'.repeat(16_384) });
      await eventually(async () => (await room.count(run, 'InputProvided')) === 1, 'the input');
      await room.cancel(run);
      return [code, await room.count(run, 'InputProvided')];
    },
  },
  {
    name: 'frames that are no messages close the socket; the run does not care',
    expected: [4400, 4400, 4400, 4400, 1009],
    async attempt(room) {
      const run = await room.run(SLEEP);
      const frames = ['{', '[]', '{"t":"input","text":5}', '{"t":"obey"}', 'x'.repeat(200_000)];
      const codes: number[] = [];
      for (const frame of frames) {
        const client = await room.watch(run);
        client.socket.send(frame);
        codes.push((await client.ends()).code);
      }
      expect(await room.count(run, 'RunFinished')).toBe(0);
      await room.cancel(run);
      return codes;
    },
  },
  {
    name: 'hostile sizes of a terminal are refused',
    expected: Array<string>(5).fill('invalid-value'),
    async attempt(room) {
      const run = await room.run(SLEEP);
      const client = await room.watch(run);
      await client.shows('on');
      for (const [columns, rows] of [
        [0, 24],
        [1e9, 24],
        [80, -1],
        [80.5, 24],
        [80, 201],
      ] as const)
        client.send({ t: 'resize', columns, rows });
      await eventually(() => client.all('refused').length === 5, 'five refusals');
      await room.cancel(run);
      return client.all('refused').map(({ code }) => code);
    },
  },
  {
    name: 'a flood of resizing: the last size is the one that holds',
    expected: 'cancelled',
    async attempt(room) {
      const run = await room.run(
        `import os\nprint("on")\ninput()\nprint("size", os.get_terminal_size().columns)\ninput()\n`,
      );
      const client = await room.watch(run);
      await client.shows('on');
      for (let n = 0; n < 600; n++) client.send({ t: 'resize', columns: 20 + (n % 400), rows: 24 });
      client.send({ t: 'resize', columns: 123, rows: 24 });
      client.send({ t: 'input', text: '\r' });
      await client.shows('size 123', 40_000);
      await room.cancel(run);
      return room.outcome(run);
    },
  },
  {
    name: 'a flood of input to a program that does not read: it can still be stopped, and the next run works',
    expected: ['cancelled', 'next'],
    async attempt(room) {
      const run = await room.run(`${WITHOUT_ECHO}${SLEEP}`);
      const client = await room.watch(run);
      await client.shows('on');
      for (let n = 0; n < 300; n++) client.send({ t: 'input', text: 'x'.repeat(16_000) });
      client.send({ t: 'cancel' });
      const outcome = await room.outcome(run, 60_000);
      const next = await room.watch(await room.run('print("next")\ninput()\n'));
      await next.shows('next');
      next.send({ t: 'cancel' });
      return [outcome, next.output.trim()];
    },
  },
  {
    name: 'broken UTF-8, NUL and half characters become replacement characters; what follows is whole',
    expected: true,
    async attempt(room) {
      const run = await room.run(
        'import sys\nfor piece in (b"\\xff\\xfe", b"\\xed\\xa0\\x80", b"\\xe2\\x82", b"\\x00", "€ whole".encode()):\n    sys.stdout.buffer.write(piece + b"|")\nsys.stdout.flush()\ninput()\n',
      );
      const client = await room.watch(run);
      await client.shows('€ whole|');
      await room.cancel(run);
      const [first, second, third, nul] = client.output.split('|');
      return /^\ufffd+$/.test(first + second! + third!) && nul === '\u0000';
    },
  },
  {
    name: 'floods of escape sequences travel as they are and do no harm on the way',
    expected: [true, 'exited'],
    async attempt(room) {
      const flood =
        '\\x1b]52;c;aGk=\\x07\\x1b[2J\\x1b[999999999;999999999H\\x1b]0;' +
        'T'.repeat(500) +
        '\\x07\\x1bP' +
        '\\x1b\\\\';
      const run = await room.run(`print("${flood}" * 500)\nprint("end of the flood")\nraise SystemExit\n`);
      const client = await room.watch(run);
      await client.shows('end of the flood');
      client.send({ t: 'input', text: '\x04' });
      const outcome = await room.outcome(run);
      return [client.output.split('\u001b]52;c;aGk=\u0007').length === 501, outcome];
    },
  },
  {
    name: 'a flood of output to a browser that does not read ends at the limit; another window gets all of it',
    expected: ['output-limit', 1024 * 1024],
    async attempt(room) {
      const run = await room.run('input()\nwhile True: print("0123456789" * 100)\n');
      const [deaf, other] = [await room.watch(run), await room.watch(run, 'ada', 1)];
      await other.gets('started');
      (deaf.socket as unknown as { _socket: { pause(): void } })._socket.pause();
      other.send({ t: 'input', text: '\r' });
      await other.gets('finished', 60_000);
      const text = other
        .all('output')
        .map((message) => message.text)
        .join('');
      return [await room.outcome(run), text.length];
    },
  },
  {
    name: 'somebody removed from the course is cut off at once; the run of the others goes on',
    expected: [4403, 0],
    async attempt(room) {
      const commands = room.nodes[0].app.get(CommandHandler);
      const { body } = await room.nodes[0].call<{ id: string }[]>('GET', '/api/courses', {
        token: room.token('chloe'),
      });
      const course = asId<CourseId>(body[0]?.id ?? '');
      const run = await room.run(SLEEP, 'chloe');
      const client = await room.watch(run, 'chloe');
      await client.shows('on');
      const user = accountId('chloe');
      await commands.execute(streamOf.course(course), courseDecider, { kind: 'removeMember', user }, systemContext());
      const { code } = await client.ends();
      const ended = await room.count(run, 'RunFinished');
      await room.append(run, { type: 'RunCancelled', data: { by: asId<UserId>(user) } });
      await room.outcome(run);
      return [code, ended];
    },
  },
];

const IN_THE_QUEUE: readonly Case[] = [
  {
    name: 'a job of a run that nobody asked for: dealt with, and nothing is written',
    expected: ['completed', 0],
    async attempt(room) {
      const run = asId<RunId>(randomUUID());
      return [await room.smuggle({ runId: run }), (await room.events(run)).length];
    },
  },
  {
    name: "a job with a workspace's id in the place of a run's",
    expected: ['completed', 0],
    async attempt(room) {
      const id = asId<RunId>(room.workspaces.get('ada') ?? '');
      return [await room.smuggle({ runId: id }), (await room.events(id)).length];
    },
  },
  {
    name: 'a job of a run that has ended: it is not run again',
    expected: ['completed', 1, 1],
    async attempt(room) {
      const run = await room.run('print("once")\n');
      await room.watch(run).then((client) => client.gets('repl'));
      await room.cancel(run);
      await room.outcome(run);
      const state = await room.smuggle({ runId: run });
      return [state, await room.count(run, 'RunStarted'), await room.count(run, 'RunFinished')];
    },
  },
  {
    name: 'a second and a third job of a run that is alive: it is left alone',
    expected: [['completed', 'completed'], 1, 0],
    async attempt(room) {
      const run = await room.run(SLEEP);
      await room.watch(run).then((client) => client.shows('on'));
      const states = await Promise.all([room.smuggle({ runId: run }), room.smuggle({ runId: run })]);
      const counts = [await room.count(run, 'RunStarted'), await room.count(run, 'RunFinished')];
      await room.cancel(run);
      return [states, ...counts];
    },
  },
  ...[
    {},
    { runId: 5 },
    { runId: null },
    { runId: [randomUUID()] },
    { runId: '../../etc/passwd' },
    { runId: 'x'.repeat(1_000_000) },
    'text',
    null,
  ].map((data): Case => ({
    name: `a job that holds ${JSON.stringify(data).slice(0, 40)} fails, and the next one is done`,
    expected: ['failed', 'next'],
    async attempt(room) {
      const state = await room.smuggle(data);
      const client = await room.watch(await room.run('print("next")\ninput()\n'));
      await client.shows('next');
      client.send({ t: 'cancel' });
      return [state, client.output.trim()];
    },
  })),
  {
    name: 'an end that somebody else wrote stands: the program is ended, and nothing comes after it',
    expected: [true, 'interrupted'],
    async attempt(room) {
      const run = await room.run('import time\nwhile True:\n    print("tick", flush=True)\n    time.sleep(0.01)\n');
      await room.watch(run).then((client) => client.shows('tick'));
      await room.append(run, { type: 'RunFinished', data: { outcome: { kind: 'interrupted' }, usage: null } });
      const folder = join(room.scratch, room.executor.name, 'runs');
      await eventually(() => !readdirSync(folder).includes(run), 'its folder being gone');
      const count = (await room.events(run)).length;
      await new Promise((done) => setTimeout(done, 500));
      return [(await room.events(run)).length === count, await room.outcome(run)];
    },
  },
];

const IN_THE_SANDBOX: readonly Case[] = [
  {
    name: 'hints forged on the pipe change what the interface shows and nothing else',
    expected: ['exited', 1, true],
    async attempt(room) {
      const run = await room.run(`
import os
for fd in range(3, 20):
    for text in ("repl completed", "repl raised Forged", "ending", "started", "repl exit 999", "x" * 5000):
        try: os.write(fd, text.encode() + b"\\n")
        except OSError: pass
print("still here", flush=True)
input()
os._exit(7)
`);
      const client = await room.watch(run);
      await client.shows('still here');
      client.send({ t: 'input', text: '\r' });
      const outcome = await room.outcome(run);
      return [outcome, await room.count(run, 'RunFinished'), (await room.count(run, 'ReplEntered')) <= 1];
    },
  },
  {
    name: 'two students: neither sees files, processes, sockets or shared memory of the other',
    expected: ['nothing', true],
    async attempt(room) {
      const secret = randomUUID();
      const hides = await room.run(
        `
import socket, os, time
for path in ("/tmp/secret", "/workspace/secret", "/dev/shm/secret"):
    open(path, "w").write("${secret}")
listener = socket.socket(socket.AF_UNIX)
listener.bind("\\0secret")
listener.listen()
print("hidden", os.getpid(), flush=True)
time.sleep(600)
`,
        'ada',
      );
      await room.watch(hides, 'ada').then((client) => client.shows('hidden'));
      const seeks = await room.run(
        `
import os, signal, socket
found = []
for top in ("/tmp", "/workspace", "/dev/shm", "/run", "/var", "/home", "/proc"):
    for folder, _, names in os.walk(top):
        for name in names:
            try: text = open(os.path.join(folder, name), errors="replace").read(100000)
            except (OSError, ValueError): continue
            if "${secret}" in text and name != os.path.basename(__file__): found.append(os.path.join(folder, name))
try:
    socket.socket(socket.AF_UNIX).connect("\\0secret")
    found.append("socket")
except OSError: pass
for pid in range(2, 4000):
    if pid == os.getpid(): continue
    try:
        os.kill(pid, signal.SIGKILL)
        found.append(f"process {pid}")
    except OSError: pass
print("found:", ", ".join(found) or "nothing", flush=True)
`,
        'ben',
      );
      const seeker = await room.watch(seeks, 'ben');
      await seeker.shows('found: ');
      const found = /found: (.*)/.exec(seeker.output)?.[1];
      const alive = (await room.count(hides, 'RunFinished')) === 0;
      await room.cancel(hides, 'ada');
      await room.cancel(seeks, 'ben');
      return [found, alive];
    },
  },
];

/** Lends a disk of its own, of a size as `mount` writes it. Lazily taken away: whatever still runs on it must not hide why the work failed. */
async function onDiskOf(size: string, scratch: string, work: (disk: string) => Promise<void>): Promise<void> {
  const disk = mkdtempSync(join(scratch, 'disk-'));
  execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${size},mode=755`, 'tmpfs', disk]);
  try {
    await work(disk);
  } finally {
    execFileSync('umount', ['--lazy', disk]);
  }
}

describe('those who want to break it', () => {
  let room: Classroom;
  beforeAll(async () => (room = await Classroom.open()));
  afterEach(() => room.clients.splice(0).forEach(({ socket }) => socket.terminate()));
  afterAll(() => room.close());

  it.each(AT_THE_SOCKET.map((one) => [one.name, one] as const))(
    'at the socket: %s',
    async (_, { attempt, expected }) => {
      expect(await attempt(room)).toEqual(expected);
    },
  );

  it.each(IN_THE_QUEUE.map((one) => [one.name, one] as const))('in the queue: %s', async (_, { attempt, expected }) => {
    expect(await attempt(room)).toEqual(expected);
  });

  it.each(IN_THE_SANDBOX.map((one) => [one.name, one] as const))(
    'in the sandbox: %s',
    async (_, { attempt, expected }) => {
      expect(await attempt(room)).toEqual(expected);
    },
  );

  it('an executor of a name that is taken does not start, and leaves the other and its folders alone', async () => {
    const run = await room.run(SLEEP);
    await room.watch(run).then((client) => client.shows('on'));
    const { code, said } = await ExecutorProcess.refused(room.executor.name, room.settings());
    expect([code, said]).toEqual([
      1,
      `An executor named "${room.executor.name}" is at work already: give this one another EXECUTOR_NAME.`,
    ]);
    expect(await room.count(run, 'RunFinished')).toBe(0);
    await room.cancel(run);
    expect(await room.outcome(run)).toBe('cancelled');
  });

  it.each([
    ['MAX_CONCURRENT_EXECUTIONS', '0'],
    ['MAX_CONCURRENT_EXECUTIONS', 'many'],
    ['MAX_PROMPTS', '-1'],
    ['MAX_PROCESSES', '1'],
    ['MAX_PROCESS_AGE', '0'],
    ['MAX_REPL_AGE', '1h'],
    ['MAX_LOAD_PER_CORE', 'high'],
    ['CLEANUP_INTERVAL_MS', '10'],
  ])('%s=%s stops the start with one clear line', async (name, value) => {
    const { code, said } = await ExecutorProcess.refused('bad', room.settings({ [name]: value }));
    expect(code).toBe(1);
    expect(said).toMatch(new RegExp(`^${name} is "${value}": it must be a whole number from \\d+ to \\d+\\.$`));
  });

  it('a folder that cannot be written stops the start with one clear line', async () => {
    const file = join(room.scratch, 'a-file');
    writeFileSync(file, '');
    for (const folder of [file, '/proc/nowhere']) {
      const { code, said } = await ExecutorProcess.refused('nowhere', room.settings({ PALIMPSEST_SCRATCH: folder }));
      expect(code).toBe(1);
      expect(said).toMatch(/^PALIMPSEST_SCRATCH is ".*", which cannot be used for runs: .*$/);
    }
  });

  it("the executor's role reads events and the queue, and neither credentials nor sessions, and changes no event", async () => {
    const client = new pg.Client({ connectionString: room.executorUrl });
    await client.connect();
    const denied = async (statement: string) =>
      client.query(statement).then(
        () => 'allowed',
        (error: { code?: string }) => error.code,
      );
    for (const table of ['ops.credential', 'ops.session', 'ops.alive_run', 'read.person'])
      expect([table, await denied(`select * from ${table}`)]).toEqual([table, '42501']);
    // It lays a file with a long history out from a snapshot of its document.
    expect(await denied('select 1 from snapshot.content limit 1')).toBe('allowed');
    expect(await denied('select 1 from es.event limit 1')).toBe('allowed');
    for (const statement of [
      'delete from es.event',
      `update es.event set type = 'x'`,
      'truncate es.event',
      'delete from snapshot.content',
      'drop schema bullmq cascade',
      'create table public.mine (a int)',
      'create role another',
    ])
      expect([statement, await denied(statement)]).toEqual([statement, '42501']);
    await client.end();
  });
});

const asRoot = process.getuid?.() === 0 ? describe : describe.skip;

/** What needs a machine that is broken on purpose. */
asRoot('an executor on a machine that is broken', () => {
  let room: Classroom;
  beforeAll(async () => {
    room = await Classroom.open();
    await room.executor.stop();
  });
  afterEach(() => room.clients.splice(0).forEach(({ socket }) => socket.terminate()));
  afterAll(() => room.close());

  it('where no sandbox can be made, every run ends as refused, and says why', async () => {
    // A mount of its own, seen by nobody else, and gone with the process.
    const broken = ['unshare', '--mount', 'sh', '-c', 'mount --bind /bin/false /usr/bin/bwrap && exec "$@"', 'sh'];
    const executor = await room.startExecutor('unsandboxed', {}, broken);
    const run = await room.run('print("never")\n');
    const client = await room.watch(run);
    const { text, outcome } = await client.gets('finished');
    expect(outcome).toBe('refused');
    expect(text).toMatch(/^Not run: .{20,}/);
    expect(await room.count(run, 'RunStarted')).toBe(0);
    await executor.stop();
  });

  it('where the disk is full, runs wait and are told so, and start when there is room', async () => {
    await onDiskOf('64m', room.scratch, async (small) => {
      writeFileSync(join(small, 'filler'), Buffer.alloc(30 * 1024 * 1024));
      const settings = { PALIMPSEST_SCRATCH: small, MIN_FREE_DISK_MB: '48' };
      const executor = await room.startExecutor('full', settings);
      await eventually(async () => {
        const { body } = await room.nodes[0].call<{ runsHeldUp: string | null }>('GET', '/api/health');
        return body.runsHeldUp === 'the server is short of disk space';
      }, 'health telling it');
      const run = await room.run('print("room")\ninput()\n');
      const client = await room.watch(run);
      expect((await client.gets('place')).text).toBe('it is next; the server is short of disk space');
      expect(await room.count(run, 'RunStarted')).toBe(0);
      rmSync(join(small, 'filler'));
      await client.shows('room');
      client.send({ t: 'cancel' });
      await room.outcome(run);
      await executor.stop();
      const said: string[] = [];
      for await (const event of room.nodes[0].store.readStream(streamOf.executor(executor.name))) said.push(event.type);
      expect(said).toEqual(['ExecutorStarted', 'IntakePaused', 'IntakeResumed', 'ExecutorStopped']);
    });
  });

  it('where the disk is full and nobody watches it, the run says so and the next one runs', async () => {
    await onDiskOf('4m', room.scratch, async (small) => {
      const executor = await room.startExecutor('unwatched', { PALIMPSEST_SCRATCH: small });
      writeFileSync(join(small, 'filler'), Buffer.alloc(3 * 1024 * 1024));
      const fill = () => {
        try {
          writeFileSync(join(small, 'rest'), Buffer.alloc(2 * 1024 * 1024));
        } catch {
          // full now
        }
      };
      fill();
      const run = await room.run('print("never")\n');
      const { outcome, text } = await (await room.watch(run)).gets('finished');
      expect(outcome).toBe('failed');
      expect(text).toMatch(/no space left/i);
      for (const name of ['filler', 'rest']) rmSync(join(small, name));
      const next = await room.watch(await room.run('print("room")\ninput()\n'));
      await next.shows('room');
      next.send({ t: 'cancel' });
      await next.gets('finished');
      await executor.stop();
    });
  });

  it('one that stands still for longer than its jobs last is not taken for dead, and goes on', async () => {
    const settings = { JOB_LOCK_MS: '3000' };
    const still = await room.startExecutor('still', settings);
    const run = await room.run('import time\nprint("on", flush=True)\ntime.sleep(12)\nprint("after")\ninput()\n');
    const client = await room.watch(run);
    await client.shows('on');
    const other = await room.startExecutor('other', settings);
    await still.pauseWhile(async () => {
      // Its jobs are given to the other one after some 5 s.
      await new Promise((done) => setTimeout(done, 8_000));
      expect(await room.count(run, 'RunFinished')).toBe(0);
    });
    await client.shows('after', 40_000);
    expect(await room.count(run, 'RunStarted')).toBe(1);
    client.send({ t: 'cancel' });
    expect(await room.outcome(run)).toBe('cancelled');
    await other.stop();
    await still.stop();
  }, 120_000);
});
