/**
 * `npm test`: everything that a fresh clone needs, then all tests: unit, integration with the real Postgres and sandbox,
 * and the browser's. Further words go to jest: `npm test -- --selectProjects unit`. Its last line counts the tests.
 */
import { nodeProblem } from './platform-check.mjs';

const problem = nodeProblem();
if (problem) {
  console.error(`\n${problem}\n`);
  process.exit(1);
}

const { spawn } = await import('node:child_process');
const { mkdtempSync, readFileSync, rmSync } = await import('node:fs');
const { cpus, tmpdir } = await import('node:os');
const { join } = await import('node:path');
const { die } = await import('./fault.mjs');
const { provideTools } = await import('./system-tools.mjs');
const { build, installDependencies, root } = await import('./workspace.mjs');

const say = (message) => console.log(`· ${message}`);

/** What runs at the same time. Most suites wait for other processes, so on two cores two of them hardly disturb each other. */
const WORKERS = Math.max(2, cpus().length - 1);
/** The browser's after the others: each starts a whole installation. */
const PARTS = [
  { projects: ['unit', 'integration'], workers: WORKERS },
  { projects: ['browser'], workers: WORKERS },
];

/** Runs jest; resolves with its exit code. */
function jest(results, workers, words) {
  const args = [
    join(root, 'node_modules/jest/bin/jest.js'),
    '--json',
    `--outputFile=${results}`,
    '--silent=false',
    `--maxWorkers=${workers}`,
    ...words,
  ];
  const child = spawn(process.execPath, ['--experimental-vm-modules', '--no-warnings', ...args], {
    cwd: root,
    // --json also prints to standard output: the people's report goes to standard error.
    stdio: ['ignore', 'ignore', 'inherit'],
    env: { ...process.env, NODE_ENV: 'test', PALIMPSEST_BUILT: '1' },
  });
  for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => child.kill(signal));
  return new Promise((resolve) => child.once('exit', (code) => resolve(code ?? 1)));
}

/** A suite that could not even be loaded counts as a failure. */
function count(results) {
  const { numPassedTests, numFailedTests, numPendingTests, numRuntimeErrorTestSuites } = JSON.parse(
    readFileSync(results, 'utf8'),
  );
  return { passed: numPassedTests, failed: numFailedTests + numRuntimeErrorTestSuites, skipped: numPendingTests };
}

async function main() {
  provideTools(['python3', 'bubblewrap', 'plots', 'chromium', 'redis', 'git'], say);
  installDependencies(say);
  build(say);
  const folder = mkdtempSync(join(tmpdir(), 'palimpsest-results-'));
  const words = process.argv.slice(2);
  // Whoever asks for something in particular gets one run of it, one suite after the other.
  const parts = words.length > 0 ? [{ projects: [], workers: 1 }] : PARTS;
  try {
    const all = { codes: [], passed: 0, failed: 0, skipped: 0 };
    for (const [n, { projects, workers }] of parts.entries()) {
      const results = join(folder, `results-${n}.json`);
      const selection = projects.length > 0 ? ['--selectProjects', ...projects] : [];
      all.codes.push(await jest(results, workers, [...selection, ...words]));
      const counted = count(results);
      for (const [kind, number] of Object.entries(counted)) all[kind] += number;
    }
    const { codes, passed, failed, skipped } = all;
    const ok = codes.every((code) => code === 0) && failed === 0 && passed > 0;
    if (!ok && failed === 0)
      console.log(`jest ended with ${codes.join(', ')}: no test ran, or something was left open`);
    console.log(`${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`);
    process.exitCode = ok ? 0 : 1;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

main().catch(die);
