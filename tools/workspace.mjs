/** The checkout: dependencies as the lockfile says, and a build of what has changed. Both do nothing when nothing has. */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { Fault } from './fault.mjs';

export const root = resolve(import.meta.dirname, '..');

const quiet = {
  NX_DAEMON: 'false',
  NX_NO_CLOUD: 'true',
  NX_TUI: 'false',
  SCARF_ANALYTICS: 'false',
  npm_config_update_notifier: 'false',
};

function run(command, args, what) {
  const result = spawnSync(command, args, {
    cwd: root,
    env: { ...process.env, ...quiet },
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
    maxBuffer: 64 * 1024 * 1024,
  });
  if (result.status === 0) return;
  const said = `${result.stdout ?? ''}${result.stderr ?? ''}${result.error ?? ''}`;
  if (/ENOSPC|No space left/.test(said))
    throw new Fault(`${what} failed: the disk is full. Free about 1 GB, then try again.`);
  throw new Fault(`${what} failed:\n${said.split('\n').slice(-40).join('\n').trim()}`);
}

/**
 * PALIMPSEST_BUILT says that both have been done just now: `npm test` starts several installations at once, and two that install
 * or build in one tree disturb each other.
 */
const isDone = process.env.PALIMPSEST_BUILT === '1';

/** `npm ci`, unless it has been done for exactly this lockfile and this Node. */
export function installDependencies(say) {
  if (isDone) return;
  const stamp = join(root, 'node_modules', '.palimpsest-lock');
  const wanted = createHash('sha256')
    .update(readFileSync(join(root, 'package-lock.json')))
    .update(process.version)
    .digest('hex');
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted) return;
  say('installing packages (npm ci, about a minute)');
  run('npm', ['ci', '--no-audit', '--no-fund', '--loglevel=error'], 'npm ci');
  writeFileSync(stamp, wanted);
}

/** Builds what is stale; Nx knows from the contents. Takes a second when nothing is. */
export function build(say) {
  if (isDone) return;
  say('building what has changed');
  run(
    process.execPath,
    ['node_modules/nx/dist/bin/nx.js', 'run-many', '-t', 'build', '--output-style=static'],
    'The build',
  );
}
