import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

const ROOT = resolve(import.meta.dirname, '..');

interface Ending {
  readonly code: number | null;
  readonly text: string;
}

/** Runs `npm start` until it ends by itself, with what it printed. */
function start(data: string, ...words: string[]): Promise<Ending> {
  const { NODE_OPTIONS: _, NODE_ENV: __, ...environment } = process.env;
  const args = ['tools/start.mjs', '--data', data, '--host', '127.0.0.1', ...words];
  const child = spawn(process.execPath, args, { cwd: ROOT, stdio: ['ignore', 'pipe', 'pipe'], env: environment });
  let text = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (text += chunk.toString()));
  // A start that succeeds against expectation must not hang the suite.
  const late = setTimeout(() => child.kill('SIGINT'), 25_000);
  return new Promise((done) =>
    child.once('close', (code) => {
      clearTimeout(late);
      done({ code, text });
    }),
  );
}

/** The part after the progress lines: it must be a sentence for a person, without a stack. */
function sentence({ text }: Ending): string {
  return text
    .split('\n')
    .filter((line) => line.trim() !== '' && !line.startsWith('['))
    .join('\n');
}

describe('npm start that cannot start ends in one clear sentence', () => {
  let data = '';
  beforeEach(() => {
    data = mkdtempSync(join(tmpdir(), 'palimpsest-fault-'));
  });
  afterEach(() => rmSync(data, { recursive: true, force: true }));

  it('when the port is taken', async () => {
    const other = createServer();
    const port = await new Promise<number>((done) =>
      other.listen(0, '127.0.0.1', () => done((other.address() as { port: number }).port)),
    );
    const ending = await start(data, '--port', String(port));
    other.close();
    expect(ending.code).toBe(1);
    expect(sentence(ending)).toBe(
      `Port ${port} is taken by another program: choose another, for example npm start -- --port ${port + 1}.`,
    );
  });

  it('when the Postgres folder is broken', async () => {
    mkdirSync(join(data, 'postgres'));
    writeFileSync(join(data, 'postgres', 'base'), 'not a database');
    const ending = await start(data, '--port', '0');
    expect(ending.code).toBe(1);
    expect(sentence(ending)).toMatch(
      /^\S+postgres is not a Postgres folder \(PG_VERSION is missing\): restore it .*--data\.$/,
    );
  });

  it('when Postgres itself says what is wrong', async () => {
    mkdirSync(join(data, 'postgres'));
    writeFileSync(join(data, 'postgres', 'PG_VERSION'), '12\n');
    const ending = await start(data, '--port', '0');
    expect(ending.code).toBe(1);
    expect(sentence(ending)).toMatch(/^Postgres cannot use \S+postgres: .+ — restore the folder/);
    expect(sentence(ending)).not.toMatch(/ {4}at /);
  });

  it('when the data folder cannot be made', async () => {
    writeFileSync(join(data, 'file'), '');
    const ending = await start(join(data, 'file', 'below'), '--port', '0');
    expect(ending.code).toBe(1);
    expect(sentence(ending)).toMatch(
      /^The data folder .* cannot be written to \(ENOTDIR\): choose another with --data/,
    );
  });

  it('when a limit has a bad value', async () => {
    process.env['MEMORY_LIMIT_MB'] = 'lots';
    const ending = await start(data, '--port', '0');
    delete process.env['MEMORY_LIMIT_MB'];
    expect(ending.code).toBe(1);
    expect(sentence(ending)).toContain('MEMORY_LIMIT_MB is "lots": it must be a whole number from');
  });

  it('when an option is unknown', async () => {
    const ending = await start(data, '--prot', '1');
    expect(ending.code).toBe(1);
    expect(sentence(ending)).toMatch(/^There is no option "--prot"\./);
  });

  it('when the disk is full', async () => {
    // A small file system of our own: only root may mount one, and the test for the sentence needs a really full disk.
    if (process.getuid?.() !== 0) return;
    const { spawnSync } = await import('node:child_process');
    const small = join(data, 'small');
    mkdirSync(small);
    expect(spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=16m', 'tmpfs', small]).status).toBe(0);
    try {
      const ending = await start(join(small, 'data'), '--port', '0');
      expect(ending.code).toBe(1);
      expect(sentence(ending)).toMatch(/^The disk that holds .* has only \d+ MB left: free at least 300 MB/);
    } finally {
      spawnSync('umount', [small]);
    }
  });
});
