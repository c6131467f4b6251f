import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/**
 * The program is one file with several names, and does what the name says under which it is called. Debian's package
 * redis-tools has it as redis-check-rdb; only redis-server, which adds the other name, would bring a service that starts by itself.
 */
const PROGRAMS = ['/usr/bin/redis-server', '/usr/bin/redis-check-rdb'];
/** Another program may take the port between the look and the start. */
const TRIES = 5;

/** A real Redis on a free port of loopback, with a password, in a folder of its own. Everything in it survives a restart. */
export class RedisServer {
  readonly #folder = mkdtempSync(join(tmpdir(), 'palimpsest-redis-'));
  readonly #password = randomBytes(16).toString('hex');
  #port = 0;
  #process: ChildProcess | undefined;

  /** Throws if the program is not there: `npm test` installs it. */
  static async start(): Promise<RedisServer> {
    const redis = new RedisServer();
    for (let left = TRIES; ; left--) {
      redis.#port = await freePort();
      try {
        await redis.#run();
        return redis;
      } catch (error) {
        if (left > 1) continue;
        await redis.stop();
        throw error;
      }
    }
  }

  /** What REDIS_URL would be. */
  get url(): string {
    return `redis://:${this.#password}@127.0.0.1:${this.#port}`;
  }

  /** Kills the server, as a power cut would, and starts it again on the same port after `away` has resolved. */
  async restart(away: () => Promise<void> = () => Promise.resolve()): Promise<void> {
    await this.#end('SIGKILL');
    await away();
    await this.#run();
  }

  async stop(): Promise<void> {
    await this.#end('SIGTERM');
    rmSync(this.#folder, { recursive: true, force: true });
  }

  /** Resolves when the server takes connections. */
  async #run(): Promise<void> {
    const program = PROGRAMS.find((path) => existsSync(path));
    if (program === undefined) throw new Error('there is no Redis: sudo apt-get install redis-tools');
    const server = spawn(program, [...this.#options()], {
      argv0: 'redis-server',
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    this.#process = server;
    // Not after this process: a suite that fails in between stops nothing.
    const orphaned = () => server.kill('SIGKILL');
    process.once('exit', orphaned);
    server.once('exit', () => process.off('exit', orphaned));
    let said = '';
    await new Promise<void>((ready, fail) => {
      server.once('error', fail);
      server.once('exit', (code) => fail(new Error(`Redis ended with ${code}: ${said}`)));
      server.stdout.on('data', (chunk: Buffer) => {
        said = (said + chunk.toString()).slice(-4_000);
        if (said.includes('Ready to accept connections')) ready();
      });
    });
  }

  /** As docs/OPERATIONS.md asks for a Redis that holds a queue: each command on the disk, and nothing evicted. */
  *#options(): Iterable<string> {
    yield* ['--bind', '127.0.0.1', '--port', String(this.#port), '--requirepass', this.#password];
    yield* ['--dir', this.#folder, '--save', '', '--appendonly', 'yes', '--appendfsync', 'always'];
    yield* ['--maxmemory-policy', 'noeviction', '--daemonize', 'no'];
  }

  async #end(signal: NodeJS.Signals): Promise<void> {
    const server = this.#process;
    if (server?.pid === undefined || server.exitCode !== null || server.signalCode !== null) return;
    const gone = new Promise((done) => server.once('exit', done));
    server.kill(signal);
    await gone;
  }
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const { port } = server.address() as AddressInfo;
  await new Promise((done) => server.close(done));
  return port;
}
