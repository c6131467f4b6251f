import { Inject, Injectable, NotFoundException } from '@nestjs/common';
import { asId, ID_PATTERN, type RunId } from '@palimpsest/domain';
import type { EventStore } from '@palimpsest/event-store';
import { RunQueries, type RunRow } from '@palimpsest/projections';
import type { HistoryRunDto } from '@palimpsest/protocol';
import { decodeCursor, type Page, pageOf } from '../platform/paging.js';
import { EVENT_STORE } from '../platform/tokens.js';
import { ByteCache } from './byte-cache.js';
import { type OpenReplay, ReplayFiles } from './replay-files.js';
import { fixesOf } from './run-fixes.js';
import { readRunTimeline, type RunTimeline } from './run-timeline.js';

/** Memory for runs that have ended, bytes. */
const CACHE_BYTES = 32 * 1024 * 1024;
/** Bytes of memory of a run beside its texts. */
const BYTES_OF_RUN = 2_000;

/** Runs beside the history of a file: those of its workspace. */
@Injectable()
export class HistoryRuns {
  readonly #ended = new ByteCache<RunTimeline>(CACHE_BYTES);

  constructor(
    private readonly queries: RunQueries,
    private readonly files: ReplayFiles,
    @Inject(EVENT_STORE) private readonly store: EventStore,
  ) {}

  /** A page of them, newest first. What fixed an error is looked for among the runs of the page. */
  async page(
    workspace: string,
    open: OpenReplay,
    limit: number | undefined,
    cursor: string | undefined,
  ): Promise<Page<HistoryRunDto>> {
    const [micros = '', run = ''] = decodeCursor(cursor, [/^\d{1,17}$/, ID_PATTERN]) ?? [];
    const before = cursor === undefined ? undefined : { micros, run };
    const { rows, next } = await pageOf(
      limit,
      (most) => this.queries.ofWorkspace(workspace, most, before),
      ({ requestedMicros, id }) => [requestedMicros, id],
    );
    const runs = await Promise.all(rows.map((row) => this.#run(row, open)));
    const fixes = fixesOf(runs);
    return { rows: runs.map((one) => ({ ...one, fix: fixes.get(one.id) ?? null })), next };
  }

  /** One of them by itself, whatever its workspace. Throws 404 while the list of runs does not have it. */
  async one(id: RunId): Promise<HistoryRunDto> {
    const [row, { files: _, ...told }] = await Promise.all([this.queries.run(id), this.#timeline(id)]);
    if (!row) throw new NotFoundException('This run is not in the list yet: try again in a moment.');
    return { id, byName: row.byName, entry: row.entry, ...told, edit: null, fix: null };
  }

  async #run({ id, byName, entry }: RunRow, open: OpenReplay): Promise<HistoryRunDto> {
    const { files, ...told } = await this.#timeline(asId<RunId>(id));
    const revision = files.get(open.file);
    const edit =
      revision === undefined
        ? null
        : revision === null
          ? 0
          : await this.files.editsBy(open, { revision: Number(revision) });
    return { id, byName, entry, ...told, edit, fix: null };
  }

  async #timeline(run: RunId): Promise<RunTimeline> {
    const known = this.#ended.get(run);
    if (known) return known;
    const timeline = await readRunTimeline(this.store, run);
    const units = [...timeline.output, ...timeline.input].reduce((sum, [, text]) => sum + text.length, 0);
    // Only what cannot change any more.
    if (timeline.finishedAt !== null) this.#ended.set(run, timeline, BYTES_OF_RUN + 2 * units);
    return timeline;
  }
}
