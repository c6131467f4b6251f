import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Readable, Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { Injectable } from '@nestjs/common';
import type { ExportFormat } from '@palimpsest/domain';
import { ExportFolder } from '@palimpsest/exports';
import type { Response } from 'express';
import { ExportRecords } from '../audit/export-records.js';
import type { CommandContext } from '../commands/context.js';
import { Problem } from '../platform/problem.js';
import { fileName } from '../workspaces/served-content.js';

/** Exports that this process makes at the same time: they read and compute while a class is typing. */
export const MOST_AT_ONCE = 2;
/** After this time it is worth asking again, seconds. */
const RETRY_SECONDS = 30;

export interface AskedExport {
  readonly format: ExportFormat;
  /** A course, a workspace, a person, as the audit log says it. */
  readonly object: string;
  readonly query: Readonly<Record<string, string>>;
  readonly file: string;
  readonly mediaType: string;
}

/** An export on its way. */
export interface MadeExport {
  readonly stream: Readable;
  /** Rows, events or commits so far. */
  rows(): number;
  /** Resolves when nothing of it reads or writes any more, whether it was sent or not. */
  ended(): Promise<unknown>;
}

/**
 * Hands exports out: one at a time to a person and a few to all, recorded before the first byte, and ended when nobody takes
 * them any more. What cannot be sent at once lies in a folder of its own until then.
 */
@Injectable()
export class ExportDesk {
  /** Whose turn it is; each turn is a value of its own. */
  readonly #turns = new Map<string, symbol>();

  constructor(private readonly records: ExportRecords) {}

  /** Throws Problem where it is not this person's turn. `make` begins the export; `signal` ends it. */
  async send(
    asked: AskedExport,
    context: CommandContext,
    response: Response,
    make: (folder: ExportFolder, signal: AbortSignal) => MadeExport | Promise<MadeExport>,
  ): Promise<void> {
    const leave = this.#take(context.actor.id);
    const stop = new AbortController();
    response.once('close', () => stop.abort(new Error('nobody takes the export any more')));
    const place = await mkdtemp(join(tmpdir(), 'palimpsest-export-')).catch((error: unknown) => {
      leave();
      throw error;
    });
    try {
      const { format, object, query } = asked;
      const id = await this.records.begin({ format, object, query }, context);
      const made = await make(new ExportFolder(place), stop.signal);
      await this.#deliver(id, made, asked, context, response, leave);
    } catch (error) {
      if (!response.headersSent && !stop.signal.aborted) throw error;
      response.destroy(); // cut off, so that it is not taken for whole
    } finally {
      await rm(place, { recursive: true, force: true });
      leave();
    }
  }

  /** Returns what ends the turn, this one and no later one. */
  #take(person: string): () => void {
    const headers = { 'Retry-After': String(RETRY_SECONDS) };
    if (this.#turns.has(person))
      throw new Problem(
        429,
        'export-running',
        'An export of yours is under way: wait until it is there, or cancel its download, then try again.',
        { headers },
      );
    if (this.#turns.size >= MOST_AT_ONCE)
      throw new Problem(
        503,
        'exports-busy',
        `${MOST_AT_ONCE} exports are under way, which is as many as may be at once. Try again in ${RETRY_SECONDS} s.`,
        { headers },
      );
    const turn = Symbol(person);
    this.#turns.set(person, turn);
    return () => {
      if (this.#turns.get(person) === turn) this.#turns.delete(person);
    };
  }

  async #deliver(
    id: string,
    made: MadeExport,
    asked: AskedExport,
    context: CommandContext,
    response: Response,
    leave: () => void,
  ): Promise<void> {
    const hash = createHash('sha256');
    let bytes = 0;
    const count = new Transform({
      transform(piece: Buffer, _, done) {
        hash.update(piece);
        bytes += piece.length;
        done(null, piece);
      },
      // All of it has been made: whoever has it may ask for the next one at once.
      flush: (done) => {
        leave();
        done();
      },
    });
    response.set({
      'Content-Type': asked.mediaType,
      'Content-Disposition': `attachment; ${fileName(asked.file)}`,
      'X-Content-Type-Options': 'nosniff',
      'Cache-Control': 'private, no-store, no-transform',
    });
    try {
      await pipeline(made.stream, count, response);
    } finally {
      await made.ended();
    }
    await this.records.finish({ export: id, rows: made.rows(), bytes, sha256: hash.digest('hex') }, context);
  }
}

/** Resolves when a stream has let go of what it reads from. */
export async function closed(stream: Readable): Promise<void> {
  if (!stream.closed) await once(stream.destroy(), 'close');
}
