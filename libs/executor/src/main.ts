/**
 * The executor process: started by the supervisor (`npm start`), or by hand with DATABASE_URL and PALIMPSEST_SCRATCH set.
 *
 * Started by root, it prepares what needs root (its folder, the control groups) and then becomes an unprivileged user for
 * good, before it takes a single run: the sandboxes run as that user, who owns nothing else on the machine. From then on
 * it may not be able to read its own program any more (which may lie below a folder of root's), so all is loaded before.
 */
import { chmodSync, chownSync, mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { asId, isId, type RunId } from '@palimpsest/domain';
import { type EventStore, EventStoreFault, openEventStore } from '@palimpsest/event-store';
import { SettingFault } from '@palimpsest/settings';
import { type ExecutorConfiguration, readExecutorConfiguration } from './configuration.js';
import { ExecutorPresence } from './executor-presence.js';
import { endInterrupted } from './run-execution.js';
import { consumeRuns } from './run-queue.js';
import { type CgroupParent, prepareCgroups } from './sandbox/cgroup.js';
import { removeFolder } from './sandbox/remove-folder.js';
import { prepareSandbox } from './sandbox/sandbox.js';
import { SandboxPool } from './sandbox/sandbox-pool.js';
import { selfTest } from './sandbox/self-test.js';

/** How long to wait for an event store that is still starting, milliseconds. */
const STORE_WAIT_MS = 30_000;

interface Prepared {
  readonly cgroups: CgroupParent | null;
  readonly runsFolder: string;
}

/** What needs root, if we are root; then never again. */
function prepareAndDrop(configuration: ExecutorConfiguration): Prepared {
  const { scratch, uid, gid, name } = configuration;
  const isRoot = process.getuid?.() === 0;
  const runsFolder = join(scratch, 'runs');
  mkdirSync(runsFolder, { recursive: true, mode: 0o700 });
  const cgroups = prepareCgroups(`palimpsest-${name}`, isRoot ? { uid, gid } : null);
  if (isRoot) {
    for (const folder of [scratch, runsFolder]) chownSync(folder, uid, gid);
    process.setgroups?.([gid]);
    process.setgid?.(gid);
    process.setuid?.(uid);
  }
  chmodSync(scratch, 0o700);
  return { cgroups, runsFolder };
}

/** Folders of runs that a killed executor left: each is a run that was interrupted. */
async function endLeftOver(store: EventStore, runsFolder: string): Promise<void> {
  for (const name of readdirSync(runsFolder)) {
    if (isId(name)) await endInterrupted(store, asId<RunId>(name));
    // What a student's program left may have no permissions; it must not keep the executor from starting.
    await removeFolder(join(runsFolder, name)).catch((error: unknown) => console.error(`${name} stays:`, error));
  }
}

async function start(): Promise<void> {
  const configuration = readExecutorConfiguration(process.env);
  const { scratch, limits, name, databaseUrl, eventStoreUrl } = configuration;
  // Opened first: the client of KurrentDB is loaded only when it is needed, and afterwards it may be out of reach.
  const store = await openEventStore({
    eventStoreUrl,
    postgresUrl: databaseUrl,
    applicationName: 'palimpsest executor events',
    waitMs: STORE_WAIT_MS,
  });
  const { cgroups, runsFolder } = prepareAndDrop(configuration);
  const presence = new ExecutorPresence(databaseUrl, name);
  if (!(await presence.announce()))
    throw new SettingFault(`An executor named "${name}" is at work already: give this one another EXECUTOR_NAME.`);
  const sandbox = await prepareSandbox({ folder: scratch, cgroups, runAs: null });
  const tested = await selfTest(sandbox, join(scratch, 'self-test'));
  await endLeftOver(store, runsFolder);
  const size = tested.level === 'none' ? 0 : configuration.waitingSandboxes;
  const sandboxes = new SandboxPool(sandbox, { folder: runsFolder, size, limits });
  const consumer = consumeRuns(configuration, presence, { store, sandboxes, selfTest: tested, limits, name });

  let stopping: Promise<void> | undefined;
  const stop = () => {
    stopping ??= consumer
      .close()
      .then(() => sandboxes.close())
      .then(() => store.close())
      .then(() => presence.close())
      .then(() => process.exit(0), fail);
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
