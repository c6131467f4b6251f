/** One installation: its data folder, its secrets, its lock. Node built-ins only. */
import { randomBytes } from 'node:crypto';
import {
  chmodSync,
  closeSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  statfsSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { Fault } from './fault.mjs';

/** Below this Postgres cannot be made, and soon not be written to either. */
const LEAST_FREE_BYTES = 300 * 1024 * 1024;

/** Makes the data folder. Throws a Fault when it cannot be written to or the disk is nearly full. */
export function openDataFolder(data) {
  try {
    mkdirSync(data, { recursive: true, mode: 0o700 });
    writeFileSync(join(data, '.writable'), '');
    rmSync(join(data, '.writable'));
  } catch (error) {
    if (error.code === 'ENOSPC')
      throw new Fault(`The disk that holds ${data} is full: free some space, then start again.`);
    throw new Fault(
      `The data folder ${data} cannot be written to (${error.code}): choose another with --data, or change its owner.`,
    );
  }
  const { bavail, bsize } = statfsSync(data);
  if (bavail * bsize < LEAST_FREE_BYTES)
    throw new Fault(
      `The disk that holds ${data} has only ${Math.round((bavail * bsize) / 1048576)} MB left: free at least 300 MB, then start again. Nothing that was saved is lost.`,
    );
}

const secret = () => randomBytes(32).toString('hex');

/** What secrets.json has, each made when it is missing: an installation of an older version gets the newer ones. */
const SECRETS = {
  secretKey: secret,
  owner: secret,
  api: secret,
  executor: secret,
  // Signs checkpoints of the event log; the name goes with the key.
  evidenceKey: secret,
  evidenceOrigin: () => `palimpsest-${randomBytes(4).toString('hex')}`,
};

/**
 * Secrets of this installation, made once and kept in <data>/secrets.json (0600). The environment's IDE_SECRET_KEY,
 * EVIDENCE_KEY and EVIDENCE_ORIGIN win.
 *
 * @returns {Record<keyof typeof SECRETS, string>}
 */
export function readSecrets(data) {
  const file = join(data, 'secrets.json');
  let secrets = {};
  try {
    secrets = JSON.parse(readFileSync(file, 'utf8'));
    // A copy from a backup may have lost it.
    chmodSync(file, 0o600);
  } catch (error) {
    if (error.code !== 'ENOENT')
      throw new Fault(
        `${file} cannot be read (${error.message}): restore it from a backup. Without it the database cannot be opened.`,
      );
  }
  const missing = Object.entries(SECRETS).filter(([name]) => secrets[name] === undefined);
  for (const [name, make] of missing) secrets[name] = make();
  if (missing.length > 0) writeSecrets(file, secrets);
  return {
    ...secrets,
    secretKey: process.env.IDE_SECRET_KEY || secrets.secretKey,
    evidenceKey: process.env.EVIDENCE_KEY || secrets.evidenceKey,
    evidenceOrigin: process.env.EVIDENCE_ORIGIN || secrets.evidenceOrigin,
  };
}

/** In place of the old file at once, or not at all. */
function writeSecrets(file, secrets) {
  const descriptor = openSync(`${file}.new`, 'w', 0o600);
  writeSync(descriptor, `${JSON.stringify(secrets, null, 2)}\n`);
  fsyncSync(descriptor);
  closeSync(descriptor);
  renameSync(`${file}.new`, file);
}

function isSupervisor(pid) {
  try {
    return (
      /(start|palimpsest)\.mjs/.test(readFileSync(`/proc/${pid}/cmdline`, 'utf8')) &&
      readlinkSync(`/proc/${pid}/exe`) !== ''
    );
  } catch {
    return false;
  }
}

/** The process that has started Postgres on this data folder; undefined if none has. */
export function processOn(data) {
  try {
    const pid = Number(readFileSync(join(data, 'supervisor.pid'), 'utf8'));
    return isSupervisor(pid) ? pid : undefined;
  } catch {
    return undefined;
  }
}

/** Two supervisors on one folder would start two servers on one database. Returns what removes the lock. */
export function lockDataFolder(data) {
  const file = join(data, 'supervisor.pid');
  const other = processOn(data);
  if (other && other !== process.pid)
    throw new Fault(`Palimpsest already runs on ${data} (process ${other}): use that one, or stop it first.`);
  writeFileSync(file, String(process.pid));
  return () => rmSync(file, { force: true });
}

/** Throws a Fault when nobody can listen on the port. */
export async function requireFreePort(port, host) {
  if (port === 0) return;
  await new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once('error', (error) => {
      const what =
        error.code === 'EADDRINUSE'
          ? `Port ${port} is taken by another program: choose another, for example npm start -- --port ${port + 1}`
          : error.code === 'EACCES'
            ? `Port ${port} is reserved for root: choose one from 1024 on, for example npm start -- --port 8080`
            : `Nobody can listen on ${host}:${port} (${error.code}): choose another with --host and --port`;
      reject(new Fault(`${what}.`));
    });
    probe.listen(port, host, () => probe.close(resolve));
  });
}
