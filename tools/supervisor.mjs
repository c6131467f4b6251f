/**
 * Theory of operation. The supervisor starts, in this order, Postgres (unless DATABASE_URL is set), the preparation
 * (roles, migrations, first accounts), the executor and the api, and stops them in the opposite order.
 *
 * Each child leads a process group of its own, so that a Ctrl-C in the terminal reaches the supervisor alone, which then
 * stops the others in order. api and executor end by themselves when the channel to the supervisor closes, so they do not
 * outlive a supervisor that was killed; Postgres does, and the next start retires it. A child that dies is started again
 * after a pause; one that cannot be started at the beginning, and a Postgres that cannot be started again, end everything.
 */
import { spawn } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { basename, join } from 'node:path';
import { createInterface } from 'node:readline';
import { Fault } from './fault.mjs';
import { lockDataFolder, openDataFolder, readSecrets, requireFreePort } from './installation.mjs';
import { runtimeFolder, startPostgres } from './postgres.mjs';
import { root } from './workspace.mjs';

const READY_MS = 60_000;
const STOP_MS = 12_000;
const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** What a child may know of the environment: no secret that is not its own. */
function inherited() {
  const names = [
    ...['PATH', 'HOME', 'LANG', 'TZ', 'TMPDIR', 'NODE_OPTIONS', 'NODE_EXTRA_CA_CERTS', 'REDIS_URL', 'EVENTSTORE_URL'],
    ...[
      'MEMORY_LIMIT_MB',
      'EXECUTION_TIMEOUT',
      'FILE_SIZE_LIMIT_MB',
      'MAX_PROCESSES',
      'MAX_PROCESS_AGE',
      'MAX_REPL_AGE',
      'MAX_OUTPUT_MB',
      'MAX_IDLE_TIME',
      'WORKSPACE_LIMIT_MB',
      'MAX_WORKSPACE_ENTRIES',
      'WAITING_SANDBOXES',
    ],
    ...[
      'CLEANUP_INTERVAL_MS',
      'JOB_LOCK_MS',
      'CHECKPOINT_SECONDS',
      'MAX_CONCURRENT_EXECUTIONS',
      'MAX_PROMPTS',
      'MAX_RUNS_PER_PERSON',
      'MAX_LOAD_PER_CORE',
      'MIN_FREE_MEMORY_MB',
      'MIN_FREE_DISK_MB',
      'SESSION_SECONDS',
      'COLLAB_MESSAGES_PER_MINUTE',
      'COLLAB_OPEN_DOCUMENTS',
      'REFUSED_MODULES',
      'RUNS_PER_MINUTE',
      'STAFF_RUNS_PER_MINUTE',
      'FILE_OPERATIONS_PER_MINUTE',
      'STAFF_FILE_OPERATIONS_PER_MINUTE',
      'SIGN_INS_PER_MINUTE',
      'ANONYMOUS_PER_MINUTE',
      'TRUSTED_PROXIES',
      'PUBLIC_URL',
      'OIDC_ISSUER',
      'OIDC_CLIENT_ID',
      'OIDC_CLIENT_SECRET',
      'OIDC_CLIENT_SECRET_FILE',
      'OIDC_LABEL',
      'OIDC_LINK',
      'OIDC_NEW_ACCOUNTS',
      'EXECUTOR_UID',
      'EXECUTOR_GID',
    ],
  ];
  return Object.fromEntries(
    names.flatMap((name) => (process.env[name] === undefined ? [] : [[name, process.env[name]]])),
  );
}

class Child {
  #name;
  #script;
  #environment;
  #onMessage;
  #onDeath;
  #process;
  #stopping = false;

  constructor(name, script, environment, onMessage, onDeath) {
    this.#name = name;
    this.#script = script;
    this.#environment = environment;
    this.#onMessage = onMessage;
    this.#onDeath = onDeath;
  }

  get pid() {
    return this.#process?.pid;
  }

  /** Resolves with the message `ready`. Rejects with a Fault when the process ends before. */
  start() {
    return new Promise((resolve, reject) => {
      let ready = false;
      let said = '';
      const child = spawn(process.execPath, ['--enable-source-maps', join(root, this.#script)], {
        cwd: root,
        env: { ...inherited(), NODE_ENV: 'production', ...this.#environment },
        stdio: ['ignore', 'inherit', 'pipe', 'ipc'],
        detached: true,
      });
      this.#process = child;
      child.stderr.on('data', (chunk) => {
        if (ready) process.stderr.write(chunk);
        else said = (said + chunk).slice(-4000);
      });
      const timer = setTimeout(() => {
        reject(new Fault(`The ${this.#name} did not get ready within ${READY_MS / 1000} s. It said:\n${said.trim()}`));
      }, READY_MS);
      child.on('message', (message) => {
        if (message?.type === 'ready' && !ready) {
          ready = true;
          clearTimeout(timer);
          process.stderr.write(said);
          resolve(message);
        }
        this.#onMessage(message);
      });
      child.once('exit', (code, signal) => {
        clearTimeout(timer);
        this.#process = undefined;
        if (!ready)
          return reject(new Fault(`The ${this.#name} did not start: ${said.trim() || (signal ?? `exit ${code}`)}`));
        if (!this.#stopping) this.#onDeath(signal ?? `exit ${code}`);
      });
    });
  }

  /** What it is to be told when it is started again. */
  remember(environment) {
    this.#environment = { ...this.#environment, ...environment };
  }

  send(message) {
    if (this.#process?.connected) this.#process.send(message);
  }

  async stop() {
    this.#stopping = true;
    const child = this.#process;
    if (!child) return;
    const gone = new Promise((resolve) => child.once('exit', resolve));
    child.kill('SIGTERM');
    const late = setTimeout(() => child.kill('SIGKILL'), STOP_MS);
    await gone;
    clearTimeout(late);
  }
}

export class Supervisor {
  #options;
  #say;
  #postgres;
  #executor;
  #api;
  #unlock = () => {};
  #stopping;
  #sandbox;
  /** Resolves with a reason when everything has to end. */
  failed;
  #fail;

  constructor(options, say) {
    this.#options = options;
    this.#say = say;
    this.failed = new Promise((resolve) => (this.#fail = resolve));
  }

  /** Starts everything. Returns {port, accounts, accountsFile, fresh, sandbox}. */
  async start() {
    const { data, port, host } = this.#options;
    openDataFolder(data);
    this.#unlock = lockDataFolder(data);
    const secrets = readSecrets(data);
    const urls = await this.#openDatabase(data, secrets);
    await requireFreePort(port, host);
    const accountsFile = join(data, 'first-accounts.json');
    const accounts = await this.#prepare(urls, secrets, accountsFile);
    const scratch = process.env.PALIMPSEST_SCRATCH || this.#scratchFolder(data);
    this.#executor = this.#child('executor', 'libs/executor/dist/main.js', {
      DATABASE_URL: urls.executor,
      // Of its own for each installation on a machine: control groups are named after it.
      EXECUTOR_NAME: process.env.EXECUTOR_NAME || basename(runtimeFolder(data)).replace('palimpsest', 'executor'),
      PALIMPSEST_SCRATCH: scratch,
    });
    this.#api = this.#child('api', 'apps/api/dist/main.js', {
      DATABASE_URL: urls.api,
      IDE_SECRET_KEY: secrets.secretKey,
      ...(process.env.IDE_SECRET_KEY_PREVIOUS && { IDE_SECRET_KEY_PREVIOUS: process.env.IDE_SECRET_KEY_PREVIOUS }),
      EVIDENCE_KEY: secrets.evidenceKey,
      EVIDENCE_ORIGIN: secrets.evidenceOrigin,
      ...(process.env.EVIDENCE_KEY_PREVIOUS && { EVIDENCE_KEY_PREVIOUS: process.env.EVIDENCE_KEY_PREVIOUS }),
      PORT: String(port),
      HOST: host,
      PALIMPSEST_WEB: join(root, 'apps/web/dist'),
      // Only looked at, for how much room is left there.
      PALIMPSEST_DATA: data,
      ...(process.env.METRICS_TOKEN && { METRICS_TOKEN: process.env.METRICS_TOKEN }),
    });
    const [api] = await Promise.all([this.#api.start(), this.#executor.start()]);
    // Asked for any free port, it must come back on the one that people have in their address bar.
    this.#api.remember({ PORT: String(api.port) });
    this.#api.send({ type: 'sandbox', ...this.#sandbox });
    return { port: api.port, accounts, accountsFile, sandbox: this.#sandbox };
  }

  stop() {
    this.#stopping ??= (async () => {
      await this.#api?.stop();
      await this.#executor?.stop();
      await this.#postgres?.stop();
      this.#unlock();
    })();
    return this.#stopping;
  }

  #child(name, script, environment) {
    const child = new Child(
      name,
      script,
      environment,
      (message) => this.#receive(message),
      (reason) => this.#restart(name, child, reason),
    );
    return child;
  }

  #receive(message) {
    if (message?.type !== 'ready' || !message.sandbox) return;
    this.#sandbox = message.sandbox;
    this.#api?.send({ type: 'sandbox', ...message.sandbox });
  }

  async #restart(name, child, reason) {
    for (let wait = 500; !this.#stopping; wait = Math.min(wait * 2, 10_000)) {
      this.#say(`the ${name} ended (${reason}): starting it again`);
      await sleep(wait);
      if (this.#stopping) return;
      try {
        await child.start();
        this.#say(`the ${name} is back`);
        if (name === 'api') child.send({ type: 'sandbox', ...this.#sandbox });
        return;
      } catch (error) {
        reason = error.message;
      }
    }
  }

  /** Connection strings for the owner, the api and the executor. */
  async #openDatabase(data, secrets) {
    const given = process.env.DATABASE_URL;
    if (given) return { owner: given, api: given, executor: process.env.EXECUTOR_DATABASE_URL || given, own: false };
    const settings = {
      folder: join(data, 'postgres'),
      socketFolder: join(runtimeFolder(data), 's'),
      password: secrets.owner,
    };
    this.#postgres = await startPostgres(settings);
    this.#watchPostgres(settings);
    const url = (user, password) => this.#postgres.url(user, password, 'postgres');
    return {
      own: true,
      owner: url(this.#postgres.superuser, secrets.owner),
      api: url('palimpsest_api', secrets.api),
      executor: url('palimpsest_executor', secrets.executor),
    };
  }

  /** Starts Postgres again when it dies: api and executor wait for it and go on. Where it cannot start, everything ends. */
  #watchPostgres(settings) {
    void this.#postgres.exited.then(async (reason) => {
      if (this.#stopping) return;
      this.#say(`${reason.split(':')[0]}: starting it again`);
      try {
        this.#postgres = await startPostgres(settings);
        if (this.#stopping) return void (await this.#postgres.stop());
        this.#say('Postgres is back');
        this.#watchPostgres(settings);
      } catch (error) {
        this.#fail(error.message);
      }
    });
  }

  /** Root's data may lie where the executor's user cannot go. */
  #scratchFolder(data) {
    if (process.getuid() !== 0) return join(data, 'executor');
    const folder = join(runtimeFolder(data), 'executor');
    mkdirSync(folder, { recursive: true });
    return folder;
  }

  async #prepare(urls, secrets, accountsFile) {
    const roles = urls.own
      ? {
          API_ROLE: 'palimpsest_api',
          API_ROLE_PASSWORD: secrets.api,
          EXECUTOR_ROLE: 'palimpsest_executor',
          EXECUTOR_ROLE_PASSWORD: secrets.executor,
        }
      : {};
    const child = spawn(process.execPath, ['--enable-source-maps', join(root, 'apps/api/dist/prepare.js')], {
      cwd: root,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: {
        ...inherited(),
        ...roles,
        OWNER_DATABASE_URL: urls.owner,
        DATABASE_URL: urls.api,
        PALIMPSEST_ACCOUNTS_FILE: accountsFile,
        PALIMPSEST_DEMO: this.#options.demo ? '1' : '0',
        PALIMPSEST_REBUILD: this.#options.rebuild ? '1' : '0',
      },
    });
    let out = '';
    let said = '';
    child.stdout.on('data', (chunk) => (out += chunk));
    createInterface({ input: child.stderr }).on('line', (line) => {
      said += `${line}\n`;
      if (line.startsWith('read model ')) this.#say(line); // progress of a rebuild, which may take minutes
    });
    const code = await new Promise((resolve) => child.once('close', resolve));
    if (code !== 0) throw new Fault(`The database could not be prepared: ${said.trim() || `exit ${code}`}`);
    return JSON.parse(out.trim().split('\n').at(-1)).accounts;
  }
}
