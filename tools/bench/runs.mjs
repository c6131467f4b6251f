/**
 * Runs, from the request to the first output: the sandbox alone, and through the whole product, each beside bare Python in the
 * same minutes; how many a second, a burst of a whole class, people who type meanwhile, memory, floods of output, and Stop.
 */
import { fork } from 'node:child_process';
import { join } from 'node:path';
import { commandLine, cpuSeconds, tree } from './collab/processes.mjs';
import { Classroom } from './runs/classroom.mjs';
import { barePython, filled, memoryOf, Sandboxes, stopped } from './runs/sandboxes.mjs';

const TRIALS = 40;
/** Runs before those that are measured: a server that has been used for a minute. */
const WARM_UP = 30;
const WAITING = 4;
const SUSTAINED_SECONDS = 8;
const BURST = 60;
const REPLS = 10;
const TYPING_SECONDS = 20;
const IDLE_SECONDS = 20;
/** Rooms of three: 60 people who type 3 to 5 characters a second. */
const ROOMS = 20;
const RUNS_A_MINUTE = 30;

const PRINT = 'print(1)\n';
const FLOOD = 'while True: print("0123456789" * 8)\n';
const DEAF = `import os, signal, time
for s in range(1, 65):
    try: signal.signal(s, signal.SIG_IGN)
    except (OSError, ValueError): pass
for i in range(13):
    if os.fork() == 0: os.setsid(); time.sleep(1000)
print(1, flush=True)
time.sleep(1000)
`;

const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

function percentile(values, part) {
  const sorted = Float64Array.from(values).sort();
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? 0;
}

const p50 = (values) => percentile(values, 0.5);
const p95 = (values) => percentile(values, 0.95);

function latencies(name, values, bare, bound) {
  return {
    [`${name}, p50`]: { value: p50(values), unit: 'ms' },
    [`${name}, p95`]: { value: p95(values), unit: 'ms' },
    [`${name}, p50 to bare Python`]: { value: p50(values) / p50(bare), unit: 'times', ...(bound && { atMost: bound }) },
  };
}

/** The sandbox alone. */
async function sandboxes(say) {
  const all = new Sandboxes();
  await all.prepare();
  const cold = all.pool(0);
  const warm = all.pool(WAITING);
  try {
    say('sandboxes: first output');
    const figures = { bare: [], cold: [], warm: [] };
    for (let n = 0; n < TRIALS; n++) {
      await filled(warm, WAITING);
      await sleep(50);
      figures.bare.push(await barePython());
      for (const [kind, pool] of [
        ['cold', cold],
        ['warm', warm],
      ]) {
        const run = await all.run(pool, PRINT);
        figures[kind].push(run.latency);
        await stopped(run);
      }
    }
    say('sandboxes: Stop');
    const stops = [];
    for (let n = 0; n < TRIALS / 2; n++) stops.push(await stopped(await all.run(cold, DEAF)));
    say('sandboxes: idle consoles');
    const repls = [];
    for (let n = 0; n < REPLS; n++) repls.push(await all.run(cold, null));
    await sleep(500);
    const memory = repls.map(({ session }) => memoryOf(session));
    for (const repl of repls) await stopped(repl);
    say('sandboxes: as many as possible');
    const sustained = await asManyAsPossible(async () => {
      const run = await all.run(warm, PRINT);
      await stopped(run);
    });
    return {
      'bare python3 -c "print(1)", p50': { value: p50(figures.bare), unit: 'ms' },
      'bare python3 -c "print(1)", p95': { value: p95(figures.bare), unit: 'ms' },
      ...latencies('sandbox, started for the run', figures.cold, figures.bare, 4),
      ...latencies('sandbox, waiting', figures.warm, figures.bare, 1.5),
      'sandbox: runs, one after the other ends': { value: sustained, unit: 'runs/s' },
      'Stop until no process of 14 is left, p50': { value: p50(stops), unit: 'ms' },
      'Stop until no process of 14 is left, p95': { value: p95(stops), unit: 'ms', atMost: 100 },
      'idle console, memory (PSS) of Python': { value: p50(memory.map(({ python }) => python / 1024)), unit: 'MB' },
      'idle console, memory (PSS) of all': { value: p50(memory.map(({ all }) => all / 1024)), unit: 'MB' },
    };
  } finally {
    await cold.close();
    await warm.close();
    await all.dispose();
  }
}

async function asManyAsPossible(run) {
  const end = performance.now() + SUSTAINED_SECONDS * 1000;
  let count = 0;
  const worker = async () => {
    while (performance.now() < end) {
      await run();
      count++;
    }
  };
  await Promise.all(Array.from({ length: 4 }, worker));
  return count / SUSTAINED_SECONDS;
}

/** First output through the product that has `waiting` sandboxes. */
async function firstOutputs(classroom, bare) {
  const values = [];
  for (let n = 0; n < TRIALS; n++) {
    bare.push(await barePython());
    const run = await classroom.run('print.py');
    values.push(run.latency);
    await run.stop();
    await sleep(300); // for the one that is taken to be replaced
  }
  return values;
}

async function startClassroom(environment) {
  const classroom = new Classroom();
  await classroom.start(environment);
  await classroom.writeFile('print.py', PRINT);
  await classroom.writeFile('flood.py', FLOOD);
  for (let n = 0; n < WARM_UP; n++) await (await classroom.run('print.py')).stop();
  return classroom;
}

async function coldProduct(say) {
  say('the product without waiting sandboxes');
  const classroom = await startClassroom({ WAITING_SANDBOXES: '0' });
  try {
    const bare = [];
    return latencies('request to first output, no sandbox waiting', await firstOutputs(classroom, bare), bare, 4);
  } finally {
    await classroom.stop();
  }
}

async function product(say) {
  say('the product');
  const classroom = await startClassroom({ COLLAB_MESSAGES_PER_MINUTE: '1000000', COLLAB_OPEN_DOCUMENTS: '10000' });
  try {
    const bare = [];
    const waiting = await firstOutputs(classroom, bare);
    say(`a burst of ${BURST}`);
    await classroom.makeClass(BURST, 'print.py', PRINT);
    const burst = await classroom.runOfEverybody('print.py');
    await Promise.all(burst.map((run) => run.stop()));
    say('as many as possible');
    const sustained = await asManyAsPossible(async () => (await classroom.run('print.py')).stop());
    say('a flood of output');
    const flood = await floodCost(classroom);
    return {
      ...latencies('request to first output', waiting, bare, 1.5),
      [`burst of ${BURST}: request to first output, p95`]: {
        value: p95(burst.map(({ latency }) => latency)),
        unit: 'ms',
        atMost: 2000,
      },
      'product: runs, one after the other ends': { value: sustained, unit: 'runs/s' },
      ...flood,
      ...(await beside(classroom, say)),
    };
  } finally {
    await classroom.stop();
  }
}

/**
 * Processor time of everything that is not the student's program, for one that prints until it is stopped, without what the
 * product takes in the same time when nobody does anything.
 */
async function floodCost(classroom) {
  const ours = () => tree(process.pid).filter((pid) => /(api|executor)\/dist\/main|postgres/.test(commandLine(pid)));
  const cpuOf = async (work) => {
    const before = cpuSeconds(ours());
    const begun = performance.now();
    await work();
    const seconds = (performance.now() - begun) / 1000;
    await sleep(1000); // the rest of what it costs
    return { seconds, cpu: cpuSeconds(ours()) - before };
  };
  const idle = await cpuOf(() => sleep(IDLE_SECONDS * 1000));
  const perSecond = idle.cpu / (idle.seconds + 1);
  const flood = await cpuOf(async () => (await classroom.run('flood.py')).end());
  const extra = flood.cpu - perSecond * (flood.seconds + 1);
  return {
    'nobody does anything: of a core': { value: perSecond * 100, unit: '%' },
    'flood of output: until it is stopped': { value: flood.seconds, unit: 's' },
    'flood of output: api, executor and Postgres in all': { value: flood.cpu, unit: 's of CPU' },
    'flood of output: of a core while it lasts': { value: (extra / flood.seconds) * 100, unit: '%', atMost: 5 },
  };
}

/** People who type, alone and then beside runs. */
async function beside(classroom, say) {
  const rooms = await classroom.rooms(ROOMS, 3);
  say('60 people type');
  const alone = await typing(rooms);
  say(`60 people type beside ${RUNS_A_MINUTE} runs a minute`);
  let going = true;
  const runs = (async () => {
    const under = [];
    while (going) {
      under.push(classroom.run('print.py').then((run) => run.stop()));
      await sleep(60_000 / RUNS_A_MINUTE);
    }
    await Promise.all(under);
  })();
  const besideRuns = await typing(rooms);
  going = false;
  await runs;
  const metric = (value) => ({ value, unit: 'ms' });
  return {
    'typing alone: edit to peer, p50': metric(alone.toPeer.p50),
    'typing alone: edit to peer, p95': metric(alone.toPeer.p95),
    'typing beside runs: edit to peer, p50': metric(besideRuns.toPeer.p50),
    'typing beside runs: edit to peer, p95': metric(besideRuns.toPeer.p95),
    'typing beside runs to typing alone, p50': {
      value: besideRuns.toPeer.p50 / alone.toPeer.p50,
      unit: 'times',
      atMost: 1.2,
    },
  };
}

function typing(rooms) {
  return new Promise((resolve, reject) => {
    const child = fork(join(import.meta.dirname, 'collab/load.mjs'), [], {
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    });
    child.on('message', ({ type, figures }) => {
      if (type === 'ready') child.send({ type: 'go' });
      if (type === 'done') resolve(figures);
    });
    child.once('exit', (code) => reject(new Error(`the load ended with ${code}`)));
    child.send({ rooms, seconds: TYPING_SECONDS, warmUp: 3, rate: [3, 5] });
  });
}

export async function run(say) {
  return { ...(await sandboxes(say)), ...(await coldProduct(say)), ...(await product(say)) };
}
