import { Inject, Injectable, type OnApplicationShutdown } from '@nestjs/common';
import {
  asId,
  type FileId,
  MAX_TEXT_LENGTH,
  streamOf,
  utf8Length,
  workspaceDecider,
  type WorkspaceId,
} from '@palimpsest/domain';
import { DirectoryQueries, type WorkspaceRow } from '@palimpsest/projections';
import { createPool } from '@palimpsest/event-store';
import type pg from 'pg';
import { CommandHandler } from '../commands/command-handler.js';
import type { Configuration } from '../configuration.js';
import { Problem } from '../platform/problem.js';
import { CONFIGURATION } from '../platform/tokens.js';
import { type Holding, inWords, judge, usedBytes } from './quota-account.js';
import { RecordedFiles } from './recorded-content.js';

/** First of the two numbers of the lock: the ASCII codes of "quot", which nothing else in this database locks. */
const LOCK = 0x71756f74;
/** Locks that one process holds at the same time, each with a connection; the contents that are written meanwhile are in memory. */
const LOCKS = 6;
/** How long to wait for one's turn, milliseconds. */
const MOST_WAIT_MS = 20_000;
/** Sizes of texts that are remembered. */
const MAX_REMEMBERED = 20_000;
/** Files that are measured at the same time. */
const AT_ONCE = 8;

type WhoseFiles = Pick<WorkspaceRow, 'id' | 'kind' | 'owner'>;

/** What a write asks for: each file that it makes or changes, as it will be. Throws QuotaReached. */
export type Admit = (changes: ReadonlyMap<FileId, Holding>) => Promise<void>;

/** It does not fit. Nothing was changed. */
export class QuotaReached extends Problem {
  constructor(used: number, needed: number, most: number, of: 'person' | 'workspace') {
    const whose = of === 'person' ? 'Your workspaces hold' : 'This workspace holds';
    super(
      413,
      'quota-reached',
      `${whose} ${inWords(used)} of ${inWords(most)}, and this needs ${inWords(needed)} more, so it was not kept: delete what is not needed any more, or make it smaller.`,
    );
  }
}

/**
 * How much a student's personal workspaces may hold together, and every other workspace by itself. Theory of operation.
 *
 * What is used follows from the log: the trees as they are, the texts as they are, the current contents of the binary files,
 * each once. Nothing is counted along, so nothing can be counted wrong. Who adds something does so while holding a lock of
 * whose quota it is, in Postgres and so over all nodes: two uploads at once cannot both be the last that fits. Sizes are read
 * only where the most that the files can have would not fit; texts are measured once for each of their revisions.
 *
 * Typing is never refused for it: a text is limited by itself, and what somebody has typed must not be lost. It counts.
 */
@Injectable()
export class WorkspaceQuota implements OnApplicationShutdown {
  readonly #locks: pg.Pool;
  readonly #texts = new Map<FileId, { readonly revision: bigint; readonly bytes: number }>();

  constructor(
    @Inject(CONFIGURATION)
    private readonly configuration: Pick<Configuration, 'databaseUrl' | 'fileBytes' | 'workspaceBytes'>,
    private readonly directory: DirectoryQueries,
    private readonly commands: CommandHandler,
    private readonly files: RecordedFiles,
  ) {
    // Of its own: who holds a lock needs other connections meanwhile, and must not wait for those that wait for the lock.
    this.#locks = createPool({
      connectionString: configuration.databaseUrl,
      max: LOCKS,
      application_name: 'palimpsest api quota',
      connectionTimeoutMillis: MOST_WAIT_MS,
    });
  }

  async onApplicationShutdown(): Promise<void> {
    await this.#locks.end();
  }

  /** Calls `work`, which asks `admit` before it writes; nobody else adds to the same quota until it is done. */
  async within<T>(workspace: WhoseFiles, work: (admit: Admit) => Promise<T>): Promise<T> {
    const client = await this.#locks.connect().catch(tooBusy);
    let broken: Error | undefined;
    // The pool listens to idle connections only: unheard, the loss of this one would end the process.
    const lost = (error: Error) => (broken = error);
    client.on('error', lost);
    try {
      await client.query(`begin; set local lock_timeout = ${MOST_WAIT_MS}`);
      await client.query('select pg_advisory_xact_lock($1, hashtext($2))', [LOCK, keyOf(workspace)]).catch(tooBusy);
      return await work(this.#accountOf(workspace));
    } finally {
      await client.query('rollback').catch(lost);
      client.off('error', lost);
      client.release(broken);
    }
  }

  /** Bytes in use, exactly. */
  async usage(workspace: WhoseFiles): Promise<number> {
    return usedBytes((await this.#measure(await this.#live(workspace))).values());
  }

  /** What is asked for adds up while the lock is held, so that many files are measured once. */
  #accountOf(workspace: WhoseFiles): Admit {
    const { fileBytes, workspaceBytes: most } = this.configuration;
    const admitted = new Map<FileId, Holding>();
    let live: Promise<{ file: FileId; isBinary: boolean }[]> | undefined;
    let measured: Map<FileId, Holding> | undefined;
    return async (changes) => {
      const files = await (live ??= this.#live(workspace));
      // A character of UTF-16 has at most three bytes in UTF-8.
      const atMost = files.reduce((sum, { isBinary }) => sum + (isBinary ? fileBytes : 3 * MAX_TEXT_LENGTH), 0);
      const wanted = usedBytes(changes.values());
      if (atMost + usedBytes(admitted.values()) + wanted > most) {
        measured ??= await this.#measure(files);
        const { used, needed, allowed } = judge(new Map([...measured, ...admitted]), changes, most);
        if (!allowed) throw new QuotaReached(used, needed, most, ofWhom(workspace));
      }
      for (const [file, holding] of changes) admitted.set(file, holding);
    };
  }

  async #live(workspace: WhoseFiles): Promise<{ file: FileId; isBinary: boolean }[]> {
    const own = workspace.kind === 'personal' ? await this.directory.personalWorkspacesOf(workspace.owner) : [];
    const ids = new Set([workspace.id, ...own.map(({ id }) => id)]);
    const trees = await Promise.all(
      [...ids].map((id) => this.commands.load(streamOf.workspace(asId<WorkspaceId>(id)), workspaceDecider)),
    );
    return trees.flatMap(({ state }) =>
      [...state.files.keys()].map((file) => ({ file, isBinary: state.binary.has(file) })),
    );
  }

  async #measure(live: readonly { file: FileId; isBinary: boolean }[]): Promise<Map<FileId, Holding>> {
    const holdings = new Map<FileId, Holding>();
    const waiting = [...live];
    const work = async () => {
      for (let next = waiting.shift(); next; next = waiting.shift()) {
        const holding = await (next.isBinary ? this.#binary(next.file) : this.#text(next.file));
        if (holding) holdings.set(next.file, holding);
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, work));
    return holdings;
  }

  async #binary(file: FileId): Promise<Holding | undefined> {
    const revision = await this.files.revisionNow(file);
    const stored = revision === null ? undefined : await this.files.storedAt(file, revision);
    return stored && { kind: 'binary', sha256: stored.sha256, bytes: stored.size };
  }

  async #text(file: FileId): Promise<Holding | undefined> {
    const revision = await this.files.revisionNow(file);
    if (revision === null) return undefined;
    const known = this.#texts.get(file);
    if (known?.revision === revision) return { kind: 'text', bytes: known.bytes };
    const content = await this.files.at(file, 'text', revision);
    const bytes = content.kind === 'text' ? utf8Length(content.text) : 0;
    if (this.#texts.size >= MAX_REMEMBERED) this.#texts.clear();
    this.#texts.set(file, { revision, bytes });
    return { kind: 'text', bytes };
  }
}

export function ofWhom({ kind }: Pick<WorkspaceRow, 'kind'>): 'person' | 'workspace' {
  return kind === 'personal' ? 'person' : 'workspace';
}

function keyOf(workspace: WhoseFiles): string {
  return workspace.kind === 'personal' ? `person ${workspace.owner}` : `workspace ${workspace.id}`;
}

function tooBusy(): never {
  throw new Problem(503, 'unavailable', 'Too much is being written at the same time: nothing was changed, try again.');
}
