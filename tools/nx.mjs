/** Nx without its daemon, cloud and terminal interface. */
import { spawnSync } from 'node:child_process';
import { root } from './workspace.mjs';

const { status } = spawnSync(process.execPath, ['node_modules/nx/dist/bin/nx.js', ...process.argv.slice(2)], {
  cwd: root,
  stdio: 'inherit',
  env: { ...process.env, NX_DAEMON: 'false', NX_NO_CLOUD: 'true', NX_TUI: 'false' },
});
process.exit(status ?? 1);
