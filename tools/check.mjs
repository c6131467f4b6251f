/** `npm run check`: format, lint with module boundaries, types. Says of each whether it holds; ends with 1 if one does not. */
import { spawnSync } from 'node:child_process';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { die } from './fault.mjs';
import { build, installDependencies, root } from './workspace.mjs';

const environment = { ...process.env, NX_DAEMON: 'false', NX_NO_CLOUD: 'true', NX_TUI: 'false' };

function node(script, ...args) {
  return spawnSync(process.execPath, [join(root, 'node_modules', script), ...args], {
    cwd: root,
    encoding: 'utf8',
    env: environment,
  });
}

const nx = (...args) => node('nx/dist/bin/nx.js', ...args, '--output-style=static');

function report(name, { status, stdout, stderr }) {
  console.log(`${status === 0 ? 'ok    ' : 'FAILED'}  ${name}`);
  if (status !== 0) console.log(`${stdout ?? ''}${stderr ?? ''}`);
  return status === 0;
}

/** A lint that cannot fail proves nothing: domain must not import the event store, and the rule must say so. */
function seededViolation() {
  const folder = join(root, 'libs/domain/src/seeded-violation');
  mkdirSync(folder, { recursive: true });
  writeFileSync(
    join(folder, 'breach.ts'),
    "import { StreamNotFound } from '@palimpsest/event-store';\nexport const breach = StreamNotFound;\n",
  );
  try {
    const { status, stdout, stderr } = nx('run', '@palimpsest/domain:lint', '--skip-nx-cache');
    const caught = status !== 0 && /enforce-module-boundaries/.test(`${stdout}${stderr}`);
    return {
      status: caught ? 0 : 1,
      stdout: caught ? '' : `a forbidden import passed:\n${stdout}${stderr}`,
      stderr: '',
    };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function main() {
  installDependencies(console.log);
  build(console.log);
  const results = [
    report('format (prettier)', node('prettier/bin/prettier.cjs', '--check', '.')),
    report('lint with module boundaries (eslint through nx)', nx('run-many', '-t', 'lint')),
    report('lint of tools, test and e2e', node('eslint/bin/eslint.js', 'tools', 'test', 'e2e')),
    report('a seeded boundary violation is caught', seededViolation()),
    report('types of test and e2e', node('typescript-7/bin/tsc', '-p', 'tsconfig.tests.json')),
    report(
      'types of the projects (tsc -b)',
      node('typescript-7/bin/tsc', '-b', ...['apps/api', 'apps/web', 'libs/executor']),
    ),
  ];
  process.exit(results.every(Boolean) ? 0 : 1);
}

try {
  main();
} catch (error) {
  die(error);
}
