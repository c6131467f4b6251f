import type { Position } from '@palimpsest/event-store';
import type { Database } from './evidence-tree.js';
import type { Hash } from './merkle-tree.js';

/** A signed checkpoint, as the log has it. */
export interface StoredCheckpoint {
  readonly size: number;
  readonly root: Hash;
  /** The signed note. */
  readonly note: string;
  /** Public keys of its signers. */
  readonly keys: readonly string[];
  readonly signedAt: Date;
  /** Which leaf its own event is, and where that lies in the log. */
  readonly leaf: number;
  readonly position: Position;
  /** Whether the tree had this root when the checkpoint was read from the log. */
  readonly agrees: boolean;
}

const COLUMNS = 'leaf, size, root, note, keys, signed_at as "signedAt", position, agrees';

type Row = Omit<StoredCheckpoint, 'size' | 'leaf'> & { readonly size: string; readonly leaf: string };

/** The checkpoints of one log (`log`: its identity). */
export class Checkpoints {
  constructor(private readonly database: Database) {}

  /** The one that was recorded last. */
  latest(log: string): Promise<StoredCheckpoint | undefined> {
    return this.#first('true', 'leaf desc', [log]);
  }

  /** The smallest one that vouches for a leaf. */
  covering(log: string, leaf: number): Promise<StoredCheckpoint | undefined> {
    return this.#first('agrees and size > $2', 'size', [log, leaf]);
  }

  /** The same for the event at a position, and which leaf that is, of the log that the tree is of; in one query. */
  async coveringEvent(
    position: Position,
  ): Promise<{ readonly index: number; readonly checkpoint: StoredCheckpoint } | undefined> {
    const { rows } = await this.database.query<Row & { readonly index: string }>({
      name: 'checkpoint of an event',
      text: `select l.index, c.* from evidence.tree t join evidence.leaf l on l.position = $1
             join lateral (select ${COLUMNS} from evidence.checkpoint c
                           where c.log = t.log and c.agrees and c.size > l.index order by c.size limit 1) c on true`,
      values: [position],
    });
    return rows[0] && { index: Number(rows[0].index), checkpoint: checkpointOf(rows[0]) };
  }

  /** The first one that did not agree with the tree. */
  contradiction(log: string): Promise<StoredCheckpoint | undefined> {
    return this.#first('not agrees', 'leaf', [log]);
  }

  /** Newest first, at most `limit`; `before`: those whose event is an earlier leaf. */
  async list(log: string, limit: number, before?: number): Promise<StoredCheckpoint[]> {
    return this.#read('($2::bigint is null or leaf < $2) order by leaf desc limit $3', [log, before ?? null, limit]);
  }

  /** Every one, by size. */
  all(log: string): Promise<StoredCheckpoint[]> {
    return this.#read('true order by size, leaf', [log]);
  }

  async #first(condition: string, order: string, values: unknown[]): Promise<StoredCheckpoint | undefined> {
    return (await this.#read(`${condition} order by ${order} limit 1`, values))[0];
  }

  /** `rest`: SQL of this class alone. */
  async #read(rest: string, values: unknown[]): Promise<StoredCheckpoint[]> {
    const { rows } = await this.database.query<Row>(
      `select ${COLUMNS} from evidence.checkpoint where log = $1 and ${rest}`,
      values,
    );
    return rows.map(checkpointOf);
  }
}

function checkpointOf({ leaf, size, root, note, keys, signedAt, position, agrees }: Row): StoredCheckpoint {
  return { leaf: Number(leaf), size: Number(size), root, note, keys, signedAt, position, agrees };
}
