/**
 * `npm run palimpsest -- <command>`: apps/cli with the database of an installation. It uses the Postgres of a classroom that
 * runs, or starts it for as long as the command takes, or uses the one that DATABASE_URL names. Node built-ins only.
 */
import { nodeProblem } from './platform-check.mjs';

const problem = nodeProblem();
if (problem) {
  console.error(`\n${problem}\n`);
  process.exit(1);
}

const { spawn } = await import('node:child_process');
const { existsSync } = await import('node:fs');
const { join, resolve } = await import('node:path');
const { die, Fault } = await import('./fault.mjs');
const { lockDataFolder, openDataFolder, processOn, readSecrets } = await import('./installation.mjs');
const { runtimeFolder, socketUrl, startPostgres, SUPERUSER } = await import('./postgres.mjs');
const { build, installDependencies, root } = await import('./workspace.mjs');

/** The words of the command, and the data folder, which is not the command's. */
function readWords(given) {
  const words = [];
  let data = resolve('data');
  for (let n = 0; n < given.length; n++) {
    const word = given[n];
    if (word.startsWith('--data=')) data = resolve(word.slice('--data='.length));
    else if (word === '--data') {
      const folder = given[++n];
      if (folder === undefined || folder.startsWith('-'))
        throw new Fault('--data needs the folder of an installation.');
      data = resolve(folder);
    } else words.push(word);
  }
  return { words, data };
}

/** Commands that work on an installation. The others look at a folder only, or are mistakes that apps/cli explains. */
const ON_AN_INSTALLATION = {
  archive: ['export', 'import'],
  projections: ['status', 'rebuild', 'skip'],
  accounts: ['reset-password'],
  users: ['import'],
  evidence: ['verify', 'show'],
  export: ['progsnap2', 'git', 'jsonl'],
};

function needsDatabase(words) {
  if (words.includes('--help') || words.includes('-h')) return false;
  const [group, command] = words.filter((word) => !word.startsWith('-'));
  return ON_AN_INSTALLATION[group]?.includes(command) === true;
}

/** Connection string of the database's owner, the secret of the installation, and what ends it after the command. */
async function openDatabase(data, words) {
  if (process.env.DATABASE_URL)
    return { url: process.env.DATABASE_URL, secretKey: process.env.IDE_SECRET_KEY, close: async () => {} };
  const isImport = words.includes('archive') && words.includes('import');
  if (!isImport && !existsSync(join(data, 'secrets.json')))
    throw new Fault(
      `There is no installation in ${data}: name its folder with --data, or start it once with "npm start".`,
    );
  openDataFolder(data);
  const secrets = readSecrets(data);
  const socketFolder = join(runtimeFolder(data), 's');
  if (processOn(data))
    return {
      url: socketUrl(socketFolder, SUPERUSER, secrets.owner, 'postgres'),
      secretKey: secrets.secretKey,
      close: async () => {},
    };
  const unlock = lockDataFolder(data);
  const postgres = await startPostgres({ folder: join(data, 'postgres'), socketFolder, password: secrets.owner });
  return {
    url: postgres.url(SUPERUSER, secrets.owner, 'postgres'),
    secretKey: secrets.secretKey,
    close: async () => {
      await postgres.stop();
      unlock();
    },
  };
}

/** Ctrl-C reaches the command by itself, as part of the terminal's group; this only waits for it. */
async function runCommand(words, environment) {
  const child = spawn(process.execPath, ['--enable-source-maps', join(root, 'apps/cli/dist/main.js'), ...words], {
    stdio: 'inherit',
    env: { ...process.env, ...environment },
  });
  process.on('SIGINT', () => {});
  process.on('SIGTERM', () => child.kill('SIGTERM'));
  return new Promise((done) => child.once('close', (code, signal) => done(code ?? (signal ? 130 : 1))));
}

async function main() {
  const { words, data } = readWords(process.argv.slice(2));
  const quiet = () => {};
  installDependencies((message) => console.error(`· ${message}`));
  build(quiet);
  if (!needsDatabase(words)) return runCommand(words, {});
  const database = await openDatabase(data, words);
  try {
    const { url, secretKey } = database;
    return await runCommand(words, { OWNER_DATABASE_URL: url, ...(secretKey && { IDE_SECRET_KEY: secretKey }) });
  } finally {
    await database.close();
  }
}

main().then((code) => (process.exitCode = code), die);
