/**
 * The executor process: started by the supervisor (`npm start`), or by hand with DATABASE_URL and PALIMPSEST_SCRATCH set.
 *
 * Started by root, it prepares what needs root (its folder, the control groups) and then becomes an unprivileged user for
 * good, before it takes a single run: the sandboxes run as that user, who owns nothing else on the machine. From then on
 * it may not be able to read its own program any more (which may lie below a folder of root's), so all is loaded before.
 */
import { accessSync, chmodSync, chownSync, constants, existsSync, mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { PostgresBlobStore } from '@palimpsest/blobs';
import { DocSnapshots, PostgresSnapshotStore, RecordedDocuments } from '@palimpsest/documents';
import { createPool, type EventStore, EventStoreFault, openEventStore } from '@palimpsest/event-store';
import { SettingFault } from '@palimpsest/settings';
import type pg from 'pg';
import { cleanUp, groupName, isNothing, runsFolderOf } from './cleanup.js';
import { type ExecutorConfiguration, readExecutorConfiguration } from './configuration.js';
import { ExecutorLog } from './executor-log.js';
import { ExecutorPresence } from './executor-presence.js';
import { MachineWatch, readMachine } from './machine-watch.js';
import { consumeRuns, type RunConsumer } from './run-queue.js';
import { type CgroupParent, prepareCgroups } from './sandbox/cgroup.js';
import { prepareFonts, prepareSandbox } from './sandbox/sandbox.js';
import { SandboxPool } from './sandbox/sandbox-pool.js';
import { selfTest } from './sandbox/self-test.js';
import { RecordedContents, RememberedContents } from './workspace.js';

/** How long to wait for an event store that is still starting, milliseconds. */
const STORE_WAIT_MS = 30_000;

/** Connections for blobs and snapshots. */
const POOL_SIZE = 4;

function openPool(connectionString: string): pg.Pool {
  return createPool({ connectionString, max: POOL_SIZE, application_name: 'palimpsest executor files' });
}

interface Prepared {
  readonly cgroups: CgroupParent | null;
  /** Of this executor alone. */
  readonly folder: string;
  readonly runsFolder: string;
}

/** What needs root, if we are root; then never again. Throws SettingFault for a folder that cannot be written. */
function prepareAndDrop(configuration: ExecutorConfiguration): Prepared {
  const { scratch, uid, gid, name } = configuration;
  const isRoot = process.getuid?.() === 0;
  const folder = join(scratch, name);
  const runsFolder = runsFolderOf(scratch, name);
  usable(scratch, () => makeFolder(runsFolder));
  const cgroups = prepareCgroups(groupName(name), isRoot ? { uid, gid } : null);
  if (isRoot) {
    usable(scratch, () => [scratch, folder, runsFolder].forEach((path) => chownSync(path, uid, gid)));
    process.setgroups?.([gid]);
    process.setgid?.(gid);
    process.setuid?.(uid);
  }
  usable(scratch, () => {
    chmodSync(scratch, 0o700);
    for (const path of [folder, runsFolder]) accessSync(path, constants.R_OK | constants.W_OK | constants.X_OK);
  });
  return { cgroups, folder, runsFolder };
}

/** Node's own `recursive` tries for ever where a folder cannot be made although its parent is there, as below /proc. */
function makeFolder(path: string): void {
  if (existsSync(path)) return;
  makeFolder(dirname(path));
  mkdirSync(path, { mode: 0o700 });
}

function usable(scratch: string, prepare: () => unknown): void {
  try {
    prepare();
  } catch (error) {
    const cause = error instanceof Error ? error.message : String(error);
    throw new SettingFault(`PALIMPSEST_SCRATCH is "${scratch}", which cannot be used for runs: ${cause}`);
  }
}

/** Looks for what was left over, and says so in the log. */
async function tidy(log: ExecutorLog, options: Parameters<typeof cleanUp>[0]): Promise<void> {
  const removed = await cleanUp(options);
  if (!isNothing(removed)) await log.record({ type: 'CleanupDone', data: removed });
}

/** New runs wait while the machine is short of something; that they do is in the log. */
function watchMachine(configuration: ExecutorConfiguration, consumer: RunConsumer, log: ExecutorLog): MachineWatch {
  let since: number | undefined;
  const watch = new MachineWatch({
    thresholds: configuration.thresholds,
    read: () => readMachine(configuration.scratch),
    onChange: (shortage) => {
      consumer.allow(shortage === undefined);
      since ??= performance.now();
      if (shortage) return void log.record({ type: 'IntakePaused', data: shortage });
      void log.record({ type: 'IntakeResumed', data: { pausedMs: Math.round(performance.now() - since) } });
      since = undefined;
    },
  });
  void watch.look();
  return watch;
}

async function announce(presence: ExecutorPresence, name: string): Promise<void> {
  if (await presence.announce()) return;
  throw new SettingFault(`An executor named "${name}" is at work already: give this one another EXECUTOR_NAME.`);
}

async function openStore({ databaseUrl, eventStoreUrl }: ExecutorConfiguration): Promise<EventStore> {
  const applicationName = 'palimpsest executor events';
  return openEventStore({ eventStoreUrl, postgresUrl: databaseUrl, applicationName, waitMs: STORE_WAIT_MS });
}

async function start(): Promise<void> {
  const configuration = readExecutorConfiguration(process.env);
  const { scratch, limits, name, concurrency } = configuration;
  // Opened first: the client of KurrentDB is loaded only when it is needed, and afterwards it may be out of reach.
  const store = await openStore(configuration);
  const pool = openPool(configuration.databaseUrl);
  const blobs = new PostgresBlobStore(pool);
  const snapshots = new DocSnapshots(store, new PostgresSnapshotStore(pool), console.error);
  const recorded = new RecordedContents(store, new RecordedDocuments(store, snapshots), blobs);
  const contents = new RememberedContents(recorded);
  const presence = new ExecutorPresence(configuration.databaseUrl, name);
  // Before anything is touched that an executor of the same name would be using.
  await announce(presence, name);
  const { cgroups, folder, runsFolder } = prepareAndDrop(configuration);
  const sandbox = await prepareSandbox({ folder, cgroups, runAs: null });
  const tested = await selfTest(sandbox, join(folder, 'self-test'));

  const log = new ExecutorLog(store, name);
  const started: { consumer?: RunConsumer } = {};
  const leftovers = {
    ...{ store, blobs, contents, scratch, name, cgroups },
    carriesOut: (run: string) => started.consumer?.carriesOut(run) ?? false,
    isAtWork: (executor: string) => presence.isAtWork(executor),
  };
  await tidy(log, leftovers);
  await log.record({
    type: 'ExecutorStarted',
    data: { places: concurrency, sandbox: tested.level, reason: tested.reason },
  });
  // Not waited for: it takes seconds, and a run that comes before makes its own list.
  prepareFonts(sandbox).catch((error: unknown) => console.error('no list of fonts:', error));
  const size = tested.level === 'none' ? 0 : configuration.waitingSandboxes;
  const sandboxes = new SandboxPool(sandbox, { folder: runsFolder, size, limits });
  const consumer = consumeRuns(configuration, presence, {
    ...{ store, contents, blobs, sandboxes, selfTest: tested, limits, name },
  });
  started.consumer = consumer;
  const machine = watchMachine(configuration, consumer, log);
  const cleaning = setInterval(() => {
    tidy(log, leftovers).catch((error: unknown) => console.error('clean-up:', error));
  }, configuration.cleanupIntervalMs);

  let stopping: Promise<void> | undefined;
  const end = async () => {
    clearInterval(cleaning);
    machine.close();
    await consumer.close();
    await sandboxes.close();
    void log.record({ type: 'ExecutorStopped', data: {} });
    await log.close();
    await Promise.all([store.close(), pool.end()]);
    await presence.close();
  };
  const stop = () => {
    stopping ??= end().then(() => process.exit(0), fail);
  };
  process.on('SIGTERM', stop);
  process.on('SIGINT', stop);
  process.on('disconnect', stop);
  process.send?.({ type: 'ready', sandbox: tested });
}

function fail(error: unknown): never {
  console.error(
    error instanceof SettingFault || error instanceof EventStoreFault
      ? error.message
      : error instanceof Error
        ? error.stack
        : error,
  );
  process.exit(1);
}

start().catch(fail);
