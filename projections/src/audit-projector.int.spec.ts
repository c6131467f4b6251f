import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import { encodeFileEdited, FILE_EDITED, toJsonBytes } from '@palimpsest/domain';
import type { ImportedEvent, Position } from '@palimpsest/event-store';
import { auditProjector } from './audit-projector.js';
import { TestLog } from './testing/test-log.js';

const NOON = Date.UTC(2026, 10, 26, 12, 0, 0);
const [MAIN, OTHER] = [`file-${randomUUID()}`, `file-${randomUUID()}`];

interface Typed {
  readonly stream: string;
  readonly by: string;
  /** Milliseconds since noon. */
  readonly at: number;
  readonly edits?: number;
  readonly address?: string;
}

interface Row {
  readonly actor_id: string;
  readonly stream: string;
  readonly summary: string;
  readonly revision: string;
  readonly last_revision: string | null;
  readonly at: Date;
}

describe('edits in the audit log', () => {
  let log: TestLog;
  const revisions = new Map<string, bigint>();

  beforeAll(async () => {
    log = await TestLog.start();
  });
  afterAll(() => log.stop());

  function edited({ stream, by, at, edits = 1, address }: Typed): ImportedEvent {
    const revision = (revisions.get(stream) ?? -1n) + 1n;
    revisions.set(stream, revision);
    const edit = { ms: 0, origin: 'live', update: new Uint8Array([0, 0]) } as const;
    return {
      ...{
        id: randomUUID(),
        stream,
        revision,
        type: FILE_EDITED,
        contentType: 'binary',
        recordedAt: new Date(NOON + at),
      },
      data: encodeFileEdited({ startedAt: NOON + at, edits: Array(edits).fill(edit) }),
      metadata: toJsonBytes({
        v: 1,
        actor: { id: by, role: 'student', via: 'websocket' },
        ...(address && { address }),
      }),
    };
  }

  const signedOut = (at: number): ImportedEvent => ({
    ...{ id: randomUUID(), stream: `session-${randomUUID()}`, revision: 0n, type: 'SignedOut', contentType: 'json' },
    ...{ data: toJsonBytes({}), recordedAt: new Date(NOON + at) },
    metadata: toJsonBytes({ v: 1, actor: { id: 'ada', role: 'student', via: 'web' } }),
  });

  const rows = async () =>
    (
      await log.pool.query<Row>(
        'select actor_id, stream, summary, revision, last_revision, at from read.audit_entry order by entry_no',
      )
    ).rows;

  it('are a row for each person, file, place and minute of the clock, in the order of their first', async () => {
    await log.store.importEvents([
      edited({ stream: MAIN, by: 'ada', at: 1_000 }),
      edited({ stream: MAIN, by: 'ben', at: 2_000, edits: 3 }),
      signedOut(2_500),
      edited({ stream: MAIN, by: 'ada', at: 3_000, edits: 2 }),
      edited({ stream: OTHER, by: 'ada', at: 4_000 }),
      edited({ stream: MAIN, by: 'ada', at: 5_000, address: '10.0.0.9' }),
      edited({ stream: MAIN, by: 'ada', at: 59_999 }),
      edited({ stream: MAIN, by: 'ada', at: 60_000 }),
      edited({ stream: MAIN, by: 'ben', at: 119_999 }),
    ]);
    await log.rebuild(auditProjector);
    const shown = (await rows()).map(({ actor_id, stream, summary, revision, last_revision, at }) => [
      ...[actor_id, stream, summary, revision, last_revision, at.getTime() - NOON],
    ]);
    expect(shown).toEqual([
      ['ada', MAIN, '4 edits', '0', '4', 1_000],
      ['ben', MAIN, '3 edits', '1', '1', 2_000],
      ['ada', expect.stringContaining('session-'), 'signed out', '0', null, 2_500],
      ['ada', OTHER, '1 edit', '0', '0', 4_000],
      ['ada', MAIN, '1 edit', '3', '3', 5_000],
      ['ada', MAIN, '1 edit', '5', '5', 60_000],
      ['ben', MAIN, '1 edit', '6', '6', 119_999],
    ]);
  });

  it('grow live, and come out the same whether the events arrive one by one, together, or in a rebuild', async () => {
    const runner = log.run(auditProjector);
    for (let n = 0; n < 5; n++) {
      await log.store.importEvents([edited({ stream: MAIN, by: 'ada', at: 180_000 + n * 20_000, edits: n + 1 })]);
      await log.reached(runner, (await log.store.head()) as Position);
    }
    await runner.stop();
    const live = await rows();
    expect(live.slice(-2).map(({ summary, last_revision }) => [summary, last_revision])).toEqual([
      ['6 edits', '9'],
      ['9 edits', '11'],
    ]);
    await log.rebuild(auditProjector);
    expect(await rows()).toEqual(live);
    const alone = { ...auditProjector, applyAll: undefined };
    await log.rebuild(alone as never);
    expect(await rows()).toEqual(live);
  });
});
