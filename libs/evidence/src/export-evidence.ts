import { copyFile, rename, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { join } from 'node:path';
import type { StoredCheckpoint } from './checkpoints.js';

/** The verifier: one file of Python without packages. */
export const VERIFIER_FILE = fileURLToPath(new URL('../verifier.py', import.meta.url));

/** `evidence.json` beside an archive: what verifier.py compares the archive with. */
interface EvidenceFile {
  readonly format: 'palimpsest-evidence';
  readonly version: 1;
  /** Public keys that have signed the checkpoints. */
  readonly keys: readonly string[];
  /** Signed notes, by the number of events that they vouch for. */
  readonly checkpoints: readonly string[];
}

/**
 * Writes evidence.json and verifier.py into the folder of an archive with so many `events`: the checkpoints that vouch for no
 * more than those. Returns their number.
 */
export async function exportEvidence(
  folder: string,
  events: number,
  checkpoints: readonly StoredCheckpoint[],
): Promise<number> {
  const within = checkpoints.filter(({ size }) => size <= events);
  const file: EvidenceFile = {
    ...({ format: 'palimpsest-evidence', version: 1 } as const),
    keys: [...new Set(within.flatMap(({ keys }) => keys))],
    checkpoints: within.map(({ note }) => note),
  };
  const next = join(folder, 'evidence.json.partial');
  await writeFile(next, `${JSON.stringify(file, null, 2)}\n`, { mode: 0o600 });
  await rename(next, join(folder, 'evidence.json'));
  await copyFile(VERIFIER_FILE, join(folder, 'verifier.py'));
  return within.length;
}
