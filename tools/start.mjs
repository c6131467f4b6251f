/** `npm start`: everything from a fresh clone to a running classroom. Node built-ins only: there may be no node_modules yet. */
import { nodeProblem } from './platform-check.mjs';

const problem = nodeProblem();
if (problem) {
  console.error(`\n${problem}\n`);
  process.exit(1);
}

const begun = performance.now();
const { die, Fault } = await import('./fault.mjs');
const { readOptions, USAGE } = await import('./start-options.mjs');
const { provideTools } = await import('./system-tools.mjs');
const { build, installDependencies } = await import('./workspace.mjs');
const { Supervisor } = await import('./supervisor.mjs');

const seconds = () => ((performance.now() - begun) / 1000).toFixed(1);
const say = (message) => console.log(`[${seconds().padStart(5)} s] ${message}`);

function announce({ port, accounts, accountsFile, sandbox }, { host, data }) {
  const shown = host === '0.0.0.0' || host === '::' ? 'localhost' : host;
  say(`ready: http://${shown}:${port}`);
  if (sandbox?.level === 'full') say('sandbox: full — every limit holds');
  else say(`sandbox: ${sandbox?.level ?? 'unknown'} — ${sandbox?.reason ?? ''}`);
  if (accounts.length > 0) {
    console.log(`\nFirst accounts, shown only now and kept in ${accountsFile}:\n`);
    for (const { username, password, role } of accounts)
      console.log(`  ${role.padEnd(10)} ${username.padEnd(10)} ${password}`);
    console.log('');
  }
  console.log(`Data: ${data} · API: http://${shown}:${port}/api/docs · Ctrl-C stops everything`);
}

async function main() {
  const options = readOptions(process.argv.slice(2), process.env);
  if (options.help) return console.log(USAGE);
  if (process.platform !== 'linux') throw new Fault(`Palimpsest runs on Linux; this is ${process.platform}.`);
  provideTools(['python3', 'bubblewrap'], say);
  installDependencies(say);
  build(say);
  const supervisor = new Supervisor(options, say);
  let stopped = false;
  const stop = async (code, why) => {
    if (stopped) return;
    stopped = true;
    say(why);
    await supervisor.stop();
    process.exit(code);
  };
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => void stop(0, 'stopping'));
  void supervisor.failed.then((reason) => stop(1, reason));
  try {
    announce(await supervisor.start(), options);
    process.send?.({ type: 'ready' });
  } catch (error) {
    await supervisor.stop();
    throw error;
  }
}

main().catch(die);
