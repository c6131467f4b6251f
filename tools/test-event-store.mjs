/**
 * `EVENTSTORE_URL=… npm run test:event-store`: the browser's test of the whole application and the contract suite on the
 * KurrentDB or EventStoreDB that EVENTSTORE_URL names. The application fills an empty log with its demo course, so the log
 * must be empty when this begins; the suite leaves its events behind. Use a server for tests, such as one in memory.
 */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { die, Fault } from './fault.mjs';

const SUITES = ['e2e/first-light-kurrentdb', 'libs/event-store/src/kurrentdb/kurrentdb-event-store'];

function main() {
  if (!process.env.EVENTSTORE_URL)
    throw new Fault('EVENTSTORE_URL is not set: name a server for tests, for example esdb://127.0.0.1:2113?tls=false.');
  for (const suite of SUITES) {
    const words = ['--testPathPatterns', suite, ...process.argv.slice(2)];
    const { status } = spawnSync(process.execPath, [join(import.meta.dirname, 'test.mjs'), ...words], {
      stdio: 'inherit',
    });
    if (status !== 0) process.exit(status ?? 1);
  }
}

try {
  main();
} catch (error) {
  die(error);
}
