/** Programs of the system that npm cannot bring: installed by apt where we may, otherwise named in one line. */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { Fault } from './fault.mjs';

/** Looked for at these places and not on PATH: the sandbox sees /usr alone, so another Python would not be there. */
const TOOLS = {
  python3: { paths: ['/usr/bin/python3'], packages: ['python3'], purpose: 'runs the programs of students' },
  bubblewrap: { paths: ['/usr/bin/bwrap'], packages: ['bubblewrap'], purpose: 'is their sandbox' },
  plots: {
    paths: [
      '/usr/lib/python3/dist-packages/matplotlib',
      '/usr/lib/python3/dist-packages/pandas',
      '/usr/share/doc/python3-tk',
    ],
    all: true,
    packages: ['python3-matplotlib', 'python3-numpy', 'python3-pandas', 'python3-tk'],
    purpose: 'are what the tests of plots draw with',
  },
  chromium: {
    paths: ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'],
    packages: ['chromium', 'fonts-dejavu-core'],
    purpose: 'is the browser of the tests',
  },
  git: {
    paths: ['/usr/bin/git'],
    packages: ['git'],
    purpose: 'is what the tests read exported repositories with',
  },
  // Not the package redis-server: it would bring a service that starts by itself and takes port 6379. The program is the same
  // file, which is a server when it is called by that name (libs/test-support/src/redis-server.ts).
  redis: {
    paths: ['/usr/bin/redis-server', '/usr/bin/redis-check-rdb'],
    packages: ['redis-tools'],
    purpose: 'is the Redis of the tests',
  },
};

/** Path of a tool, or undefined. Of most tools any of the paths will do, of some all have to be there. */
export function findTool(name) {
  const { paths, all } = TOOLS[name];
  const found = paths.filter((path) => existsSync(path));
  return all && found.length < paths.length ? undefined : found[0];
}

function administrator() {
  if (process.getuid() === 0) return [];
  return spawnSync('sudo', ['-n', 'true'], { stdio: 'ignore' }).status === 0 ? ['sudo', '-n'] : undefined;
}

function apt(prefix, ...args) {
  const [command, ...rest] = [...prefix, 'env', 'DEBIAN_FRONTEND=noninteractive', 'apt-get', ...args];
  return spawnSync(command, rest, { stdio: ['ignore', 'ignore', 'inherit'] }).status === 0;
}

/** Makes sure that the tools are there. Throws a Fault that says what to install. */
export function provideTools(names, say) {
  const missing = names.filter((name) => !findTool(name));
  if (missing.length === 0) return;
  const packages = missing.flatMap((name) => TOOLS[name].packages);
  const prefix = existsSync('/usr/bin/apt-get') ? administrator() : undefined;
  if (prefix) {
    say(`installing ${packages.join(', ')} (apt)`);
    const install = ['install', '-y', '--no-install-recommends', ...packages];
    if (!apt(prefix, ...install)) {
      apt(prefix, 'update'); // a fresh machine has no lists, an old one has stale ones
      apt(prefix, ...install);
    }
  }
  const still = missing.filter((name) => !findTool(name));
  if (still.length === 0) return;
  const why = still.map((name) => `${name} (${TOOLS[name].purpose})`).join(', ');
  throw new Fault(`Missing: ${why}. Install with: sudo apt-get install ${packages.join(' ')} — then try again.`);
}
