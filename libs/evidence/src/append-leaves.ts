import { encodeLeaf } from '@palimpsest/archive';
import { type CheckpointSigned, readEvent } from '@palimpsest/domain';
import type { RecordedEvent } from '@palimpsest/event-store';
import type { ClientBase } from 'pg';
import { EvidenceTree, readTiles } from './evidence-tree.js';
import { leafHash } from './merkle-tree.js';
import { NoteFault, textOfNote } from './signed-note.js';
import { GrowingTiles, openTiles, type Tile } from './tiles.js';
import { parseTreeHead, type TreeHead } from './tree-head.js';

/** Events after which a checkpoint is signed at once: their receipts are proved by it. */
const WANT_A_CHECKPOINT: ReadonlySet<string> = new Set(['WorkHandedIn']);

/** The hash by which an event is a leaf. */
export function leafHashOf(event: RecordedEvent): Buffer {
  return leafHash(encodeLeaf(event));
}

/**
 * Makes events, which follow those before in the order of the log, leaves of the tree, within a transaction that says as well
 * how far the log has been read. `log`: its identity; the tree of another log is given up. A checkpoint among the events is
 * compared with the tree and kept with what came of it.
 */
export async function appendLeaves(
  events: readonly RecordedEvent[],
  log: string,
  transaction: ClientBase,
): Promise<void> {
  const size = await openTree(log, transaction);
  const open = await readTiles(transaction, openTiles(size));
  const tree = new GrowingTiles(size, [...open.values()]);
  for (const event of events) tree.append(leafHashOf(event));
  await writeTiles(tree.changed(), transaction);
  await writeLeaves(events, size, transaction);
  const wanted = size + events.findLastIndex(({ type }) => WANT_A_CHECKPOINT.has(type)) + 1;
  await transaction.query('update evidence.tree set size = $1, wanted = greatest(wanted, $2::bigint)', [
    tree.size,
    wanted > size ? wanted : 0,
  ]);
  for (const [offset, event] of events.entries())
    if (event.type === 'CheckpointSigned') await keepCheckpoint(event, size + offset, log, transaction);
}

/** Size of the tree, which stays locked until the end of the transaction. */
async function openTree(log: string, transaction: ClientBase): Promise<number> {
  const { rows } = await transaction.query<{ log: string; size: string }>(
    'select log, size from evidence.tree for update',
  );
  const found = rows[0];
  if (found?.log === log) return Number(found.size);
  await transaction.query('delete from evidence.tree');
  await transaction.query('delete from evidence.tile');
  await transaction.query('delete from evidence.leaf');
  await transaction.query('insert into evidence.tree (log, size) values ($1, 0)', [log]);
  return 0;
}

async function writeTiles(tiles: readonly Tile[], transaction: ClientBase): Promise<void> {
  await transaction.query({
    name: 'write tiles',
    text: `insert into evidence.tile (level, index, hashes)
           select * from unnest($1::smallint[], $2::bigint[], $3::bytea[])
           on conflict (level, index) do update set hashes = excluded.hashes`,
    values: [tiles.map(({ level }) => level), tiles.map(({ index }) => index), tiles.map(({ hashes }) => hashes)],
  });
}

async function writeLeaves(events: readonly RecordedEvent[], first: number, transaction: ClientBase): Promise<void> {
  await transaction.query({
    name: 'write leaves',
    text: `insert into evidence.leaf (position, index, stream, revision)
           select * from unnest($1::text[], $2::bigint[], $3::text[], $4::bigint[])`,
    values: [
      events.map(({ position }) => position),
      events.map((_, offset) => first + offset),
      events.map(({ stream }) => stream),
      events.map(({ revision }) => revision),
    ],
  });
}

async function keepCheckpoint(event: RecordedEvent, leaf: number, log: string, transaction: ClientBase): Promise<void> {
  const { data } = readEvent(event) as CheckpointSigned;
  const root = Buffer.from(data.root, 'base64');
  const agrees = await hasAgreed(data, root, leaf, transaction);
  await transaction.query(
    `insert into evidence.checkpoint (log, leaf, size, root, note, keys, signed_at, position, agrees)
     values ($1, $2, $3, $4, $5, $6, $7, $8, $9) on conflict (log, leaf) do nothing`,
    [log, leaf, data.size, root, data.note, data.keys, event.recordedAt, event.position, agrees],
  );
}

/** A checkpoint is signed before its event is recorded, so it cannot vouch for that, nor for what comes later. */
async function hasAgreed(
  { size, note }: CheckpointSigned['data'],
  root: Buffer,
  leaf: number,
  transaction: ClientBase,
): Promise<boolean> {
  const head = headOf(note);
  if (size > leaf || head?.size !== size || !head.root.equals(root)) return false;
  return (await new EvidenceTree(transaction).root(size)).equals(root);
}

/** Undefined for a note that cannot be read, which is worth no more than one that does not agree. */
function headOf(note: string): TreeHead | undefined {
  try {
    return parseTreeHead(textOfNote(note));
  } catch (error) {
    if (error instanceof NoteFault) return undefined;
    throw error;
  }
}
