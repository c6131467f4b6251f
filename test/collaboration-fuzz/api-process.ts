import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { resolve } from 'node:path';

const ROOT = resolve(import.meta.dirname, '../..');

/** An api as `npm start` runs it, in a process of its own that can be killed. */
export class ApiProcess {
  #port = '0';
  #process: ChildProcess | undefined;
  #output = '';

  /** `host:port`; the same over restarts. */
  get address(): string {
    return `127.0.0.1:${this.#port}`;
  }

  /** Resolves when it listens. It takes the database, the key and the limits from this process's environment. */
  async start(): Promise<void> {
    const { NODE_OPTIONS: _, JEST_WORKER_ID: __, ...environment } = process.env;
    const child = spawn(process.execPath, [resolve(ROOT, 'apps/api/dist/main.js')], {
      cwd: ROOT,
      env: { ...environment, NODE_ENV: 'production', HOST: '127.0.0.1', PORT: this.#port },
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    });
    this.#process = child;
    for (const stream of [child.stdout, child.stderr])
      stream?.on('data', (chunk: Buffer) => (this.#output = (this.#output + chunk.toString()).slice(-4_000)));
    const ready = once(child, 'message').then(([message]) => message as { port: number });
    const gone = once(child, 'exit').then(([code]) => Promise.reject(new Error(`the api ended with ${code}`)));
    gone.catch(() => undefined);
    const { port } = await Promise.race([ready, gone]).catch((error: unknown) => {
      throw new Error(`${String(error)}:\n${this.#output}`, { cause: error });
    });
    this.#port = String(port);
  }

  /** SIGKILL. Resolves when it is gone. */
  kill(): Promise<void> {
    return this.#end('SIGKILL');
  }

  /** As the supervisor stops it. */
  stop(): Promise<void> {
    return this.#end('SIGTERM');
  }

  async #end(signal: NodeJS.Signals): Promise<void> {
    const child = this.#process;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const gone = once(child, 'exit');
    child.kill(signal);
    await gone;
  }
}
