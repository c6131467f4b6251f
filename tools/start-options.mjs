/** Options of `npm start`. */
import { resolve } from 'node:path';
import { Fault } from './fault.mjs';

export const USAGE = `npm start -- [options]

  --data DIR    where everything is kept (default ./data)
  --port N      port of the page and the api (default: PORT, else 8080)
  --host ADDR   address to listen on (default: HOST, else every one: 0.0.0.0)
  --no-demo     on an empty store: an administrator only, no demo course
  --rebuild-read-models   build the lists anew from the event log
  --help        this text

Variables: DATABASE_URL, REDIS_URL, PORT, HOST, IDE_SECRET_KEY, MEMORY_LIMIT_MB, EXECUTION_TIMEOUT, FILE_SIZE_LIMIT_MB,
WORKSPACE_LIMIT_MB, MAX_WORKSPACE_ENTRIES, MAX_OUTPUT_MB, MAX_PROCESSES, MAX_PROCESS_AGE, MAX_REPL_AGE, MAX_IDLE_TIME,
MAX_CONCURRENT_EXECUTIONS, WAITING_SANDBOXES, COLLAB_MESSAGES_PER_MINUTE, COLLAB_OPEN_DOCUMENTS,
RUNS_PER_MINUTE, FILE_OPERATIONS_PER_MINUTE, TRUSTED_PROXIES, IDE_SECRET_KEY_PREVIOUS and more: see docs/OPERATIONS.md`;

function portOf(text) {
  if (/^\d{1,5}$/.test(text) && Number(text) <= 65_535) return Number(text);
  throw new Fault(`The port is "${text}": it must be a whole number from 0 to 65535 (0 takes any free one).`);
}

/** Reads the words of the command line and the environment. Throws a Fault for what it does not know. */
export function readOptions(words, environment) {
  const options = {
    data: resolve('data'),
    port: portOf(environment.PORT || '8080'),
    host: environment.HOST || '0.0.0.0',
    demo: true,
    rebuild: false,
    help: false,
  };
  const rest = words.flatMap((word) =>
    /^--\w[\w-]*=/.test(word) ? [word.slice(0, word.indexOf('=')), word.slice(word.indexOf('=') + 1)] : [word],
  );
  const value = (name) => {
    const next = rest.shift();
    if (next === undefined || next.startsWith('--')) throw new Fault(`${name} needs a value.\n\n${USAGE}`);
    return next;
  };
  for (let word = rest.shift(); word !== undefined; word = rest.shift()) {
    if (word === '--data') options.data = resolve(value(word));
    else if (word === '--port') options.port = portOf(value(word));
    else if (word === '--host') options.host = value(word);
    else if (word === '--no-demo') options.demo = false;
    else if (word === '--rebuild-read-models') options.rebuild = true;
    else if (word === '--help' || word === '-h') options.help = true;
    else throw new Fault(`There is no option "${word}".\n\n${USAGE}`);
  }
  return options;
}
