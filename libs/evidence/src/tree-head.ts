/** The text of a checkpoint, as C2SP tlog-checkpoint defines it: three lines, and what else there is below them. */
import type { Hash } from './merkle-tree.js';
import { NoteFault } from './signed-note.js';

export interface TreeHead {
  /** Name of the log. */
  readonly origin: string;
  /** Number of leaves. */
  readonly size: number;
  readonly root: Hash;
}

export function formatTreeHead({ origin, size, root }: TreeHead): string {
  return `${origin}\n${size}\n${root.toString('base64')}\n`;
}

/** Lines below the third are for extensions and passed over. Throws NoteFault. */
export function parseTreeHead(text: string): TreeHead {
  const [origin = '', size = '', base64 = ''] = text.split('\n');
  const root = Buffer.from(base64, 'base64');
  const isWhole = origin !== '' && /^(0|[1-9]\d{0,14})$/.test(size) && root.length === 32;
  if (!isWhole || root.toString('base64') !== base64) throw new NoteFault('This is no checkpoint of a log.');
  return { origin, size: Number(size), root };
}
