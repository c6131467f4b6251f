import { type DomainEvent, partsOfStream, readEvent } from '@palimpsest/domain';
import type { RecordedEvent } from '@palimpsest/event-store';
import type { ClientBase } from 'pg';

/** The directory's rows of files. They make most of its events, depend on no other row, and so are written together. */
const FILE_EVENTS: ReadonlySet<string> = new Set<DomainEvent['type']>([
  'FileCreated',
  'FileMoved',
  'FileDeleted',
  'FileRestored',
]);

export function isOfFile({ stream, type }: Pick<RecordedEvent, 'stream' | 'type'>): boolean {
  return FILE_EVENTS.has(type) && stream.startsWith('workspace-');
}

/** What changes in a row that is there: null leaves it as it is. */
interface Change {
  readonly file: string;
  path: string | null;
  deleted: boolean | null;
}

interface Row {
  readonly file: string;
  readonly workspace: string;
  readonly kind: string;
  readonly createdAt: Date;
  path: string;
  deleted: boolean;
}

class FileRows {
  readonly #made = new Map<string, Row>();
  readonly #changed = new Map<string, Change>();

  add(recorded: RecordedEvent): void {
    const event = readEvent(recorded);
    switch (event.type) {
      case 'FileCreated': {
        const { file, path, kind = 'text' } = event.data;
        const { id: workspace } = partsOfStream(recorded.stream);
        this.#made.set(file, { file, workspace, path, kind, createdAt: recorded.recordedAt, deleted: false });
        return;
      }
      case 'FileMoved':
        return this.#change(event.data.file, { path: event.data.to });
      case 'FileDeleted':
        return this.#change(event.data.file, { deleted: true });
      case 'FileRestored':
        return this.#change(event.data.file, { deleted: false, path: event.data.path });
      default:
    }
  }

  async write(tx: ClientBase): Promise<void> {
    const [made, changed] = [[...this.#made.values()], [...this.#changed.values()]];
    if (made.length > 0)
      await tx.query(
        `insert into file (id, workspace, path, kind, created_at, deleted)
         select * from unnest($1::uuid[], $2::uuid[], $3::text[], $4::text[], $5::timestamptz[], $6::boolean[])`,
        (['file', 'workspace', 'path', 'kind', 'createdAt', 'deleted'] as const).map((name) =>
          made.map((row) => row[name]),
        ),
      );
    if (changed.length > 0)
      await tx.query(
        `update file f set path = coalesce(u.path, f.path), deleted = coalesce(u.deleted, f.deleted)
         from unnest($1::uuid[], $2::text[], $3::boolean[]) as u (file, path, deleted) where f.id = u.file`,
        (['file', 'path', 'deleted'] as const).map((name) => changed.map((row) => row[name])),
      );
  }

  #change(file: string, change: Partial<Pick<Row, 'path' | 'deleted'>>): void {
    const row = this.#made.get(file) ?? this.#changed.get(file) ?? { file, path: null, deleted: null };
    if (!this.#made.has(file)) this.#changed.set(file, row as Change);
    Object.assign(row, change);
  }
}

/** Applies events of files, by two statements whatever their number. */
export async function applyFiles(events: readonly RecordedEvent[], tx: ClientBase): Promise<void> {
  const rows = new FileRows();
  for (const event of events) rows.add(event);
  await rows.write(tx);
}
