import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { encodeEvent, streamOf } from '@palimpsest/domain';
import {
  createPostgresEventStore,
  type EventStore,
  migratePostgresEventStore,
  type Position,
  type RecordedEvent,
} from '@palimpsest/event-store';
import { createTestDatabase, type TestDatabase } from '@palimpsest/test-support';
import { randomUUID } from 'node:crypto';
import pg from 'pg';
import { appendLeaves, leafHashOf } from './append-leaves.js';
import { isDue, isNews, signCheckpoint } from './checkpoint-signer.js';
import { Evidence } from './evidence.js';
import { migrateEvidenceSchema } from './evidence-schema.js';
import { EventProofs } from './event-proofs.js';
import { auditLog, type LogAudit, type LogAuditOptions, MAX_FINDINGS } from './log-audit.js';
import { newNoteSigner, noteSigner, openNote } from './signed-note.js';
import { naiveInclusion, naiveRoot } from './testing/naive-tree.js';
import { callVerifier } from './testing/python.js';
import { parseTreeHead } from './tree-head.js';

const signer = noteSigner('school.example', Buffer.alloc(32, 5));
const rules = { origin: 'school.example', signers: [signer] };
const SYSTEM = { actor: { id: 'system', role: 'system', via: 'system' } } as const;

describe('the tree over a log', () => {
  let database: TestDatabase;
  let store: EventStore;
  /** The owner: may do what nobody should. */
  let owner: pg.Client;
  let evidence: Evidence;

  beforeEach(async () => {
    database = await createTestDatabase();
    await migratePostgresEventStore(database.url);
    owner = new pg.Client({ connectionString: database.url });
    await owner.connect();
    await migrateEvidenceSchema(owner);
    store = createPostgresEventStore({ connectionString: database.url });
    evidence = new Evidence(owner);
  });
  afterEach(async () => {
    await store.close();
    await owner.end();
    await database.drop();
  });

  async function write(count: number, type = 'Noted'): Promise<void> {
    for (let n = 0; n < count; n++) {
      const data = Buffer.from(JSON.stringify({ text: `note ${n} ü\n` }));
      const event = { id: randomUUID(), type, contentType: 'json', data } as const;
      await store.append(`note-${n % 3}`, [event], { expected: 'any' });
    }
  }

  async function everything(): Promise<RecordedEvent[]> {
    const events: RecordedEvent[] = [];
    for await (const event of store.readAll()) events.push(event);
    return events;
  }

  /** What has come since is appended, in batches of `batch`. */
  async function follow(batch = 7): Promise<void> {
    const size = (await evidence.tree.state())?.size ?? 0;
    const events = (await everything()).slice(size);
    for (let from = 0; from < events.length; from += batch) {
      await owner.query('begin');
      await appendLeaves(events.slice(from, from + batch), await store.identity(), owner);
      await owner.query('commit');
    }
  }

  async function sign(): Promise<string> {
    await follow();
    const { size } = (await evidence.tree.state())!;
    const event = await signCheckpoint(evidence, size, rules);
    const stream = streamOf.evidence({ year: 2026, month: 11 });
    await store.append(stream, [{ id: randomUUID(), ...encodeEvent(event, SYSTEM) }], { expected: 'any' });
    await follow();
    return event.data.note;
  }

  const audit = (more: Partial<LogAuditOptions> = {}): Promise<LogAudit> =>
    auditLog({ store, database: owner, ...more });
  const kinds = ({ findings }: LogAudit) => findings.map(({ kind }) => kind);

  /** As a superuser would: past the trigger that refuses. */
  async function tamper(...statements: string[]): Promise<void> {
    await owner.query('alter table es.event disable trigger append_only');
    for (const statement of statements) await owner.query(statement);
    await owner.query('alter table es.event enable trigger append_only');
  }

  const positionOf = async (index: number) => (await everything())[index]!.position;

  it('has the root and the proofs of the definition, whatever the batches', async () => {
    await write(40);
    await follow(1);
    await write(33);
    await follow(50);
    const leaves = (await everything()).map(leafHashOf);
    expect(await evidence.tree.root(73)).toEqual(naiveRoot(leaves));
    expect(await evidence.tree.root(40)).toEqual(naiveRoot(leaves.slice(0, 40)));
    const proof = { leaf: leaves[17], hashes: naiveInclusion(17, leaves.slice(0, 50)) };
    expect(await evidence.tree.inclusionOf(17, 50)).toEqual(proof);
    expect(await evidence.tree.leafAt(await positionOf(72))).toBe(72);
    expect(await evidence.tree.leafAt('999999' as Position)).toBeUndefined();
    await expect(evidence.tree.root(74)).rejects.toThrow('lacks hashes');
  });

  it('keeps nothing of a batch whose transaction is lost, and makes the same of it later', async () => {
    await write(40);
    await follow(33);
    const before = await evidence.state();
    await write(5);
    await owner.query('begin');
    await appendLeaves((await everything()).slice(40), await store.identity(), owner);
    await owner.query('rollback');
    expect(await evidence.state()).toEqual(before);
    await follow();
    expect(await evidence.tree.root(45)).toEqual(naiveRoot((await everything()).map(leafHashOf)));
  });

  it('refuses an event that is a leaf already', async () => {
    await write(3);
    await follow();
    await owner.query('begin');
    await expect(appendLeaves(await everything(), await store.identity(), owner)).rejects.toThrow('duplicate key');
    await owner.query('rollback');
  });

  it('begins anew with another log', async () => {
    await write(40);
    await sign();
    const events = (await everything()).slice(3, 9);
    await owner.query('begin');
    await appendLeaves(events, 'another log', owner);
    await owner.query('commit');
    expect((await evidence.state())!).toMatchObject({ tree: { size: 6, log: 'another log' }, latest: undefined });
    expect(await evidence.tree.root(6)).toEqual(naiveRoot(events.map(leafHashOf)));
  });

  it('is due for a checkpoint after a hand-in and when it has grown by more than a checkpoint', async () => {
    const [hour, now] = [3_600_000, new Date()];
    const due = async (at: Date, signers = [signer]) =>
      isDue((await evidence.state())!, { ...rules, signers, everyMs: hour }, at);
    const later = (ms: number) => new Date(now.getTime() + ms);
    await write(1);
    await follow();
    expect(await due(now)).toBe(true);
    await sign();
    const state = (await evidence.state())!;
    expect(isNews(state, [signer])).toBe(false);
    expect(await due(later(10 * hour))).toBe(false);
    expect(await due(now, [newNoteSigner('school.example'), signer])).toBe(true);
    await write(1);
    await follow();
    expect(await due(now)).toBe(false);
    const signedAt = state.latest!.signedAt.getTime();
    expect(await due(new Date(signedAt + hour - 1))).toBe(false);
    expect(await due(new Date(signedAt + hour))).toBe(true);
    await write(1, 'WorkHandedIn');
    expect(await due(now)).toBe(false);
    await follow();
    expect(await due(now)).toBe(true);
    await sign();
    expect(await due(now)).toBe(false);
  });

  it('proves an event by the first checkpoint behind it, which verifier.py believes', async () => {
    await write(20);
    const first = await sign();
    await write(20);
    const second = await sign();
    await write(1);
    await follow();
    const proofs = new EventProofs(evidence);
    for (const [index, note] of [
      [0, first],
      [19, first],
      [20, second],
      [40, second],
    ] as const) {
      const event = (await everything())[index]!;
      const proof = (await proofs.of(event.position))!;
      expect(proof).toMatchObject({ index, checkpoint: note, keys: [signer.key.text] });
      expect(proof.leafHash).toBe(leafHashOf(event).toString('base64'));
      const { size, root } = parseTreeHead(openNote(note, [signer.key]));
      const path = proof.hashes.map((hash) => Buffer.from(hash, 'base64').toString('hex'));
      const words = [leafHashOf(event).toString('hex'), index, size, path, root.toString('hex')];
      expect(callVerifier([['is_included', words]])).toEqual([true]);
    }
    expect(await proofs.of(await positionOf(42))).toBeUndefined();
    expect(await proofs.of('12345678' as Position)).toBeUndefined();
    const consistency = await proofs.consistency(20, 41);
    const roots = [first, second].map((note) => parseTreeHead(openNote(note, [signer.key])).root.toString('hex'));
    const hashes = consistency.hashes.map((hash) => Buffer.from(hash, 'base64').toString('hex'));
    expect(callVerifier([['is_consistent', [20, 41, hashes, ...roots]]])).toEqual([true]);
    await expect(proofs.consistency(0, 41)).rejects.toThrow(RangeError);
    await expect(proofs.consistency(20, 44)).rejects.toThrow(RangeError);
  });

  describe('is audited', () => {
    let held: string;
    beforeEach(async () => {
      await write(30);
      held = await sign();
      await write(39);
      await sign();
      await write(5);
      await follow();
    });

    it('and finds nothing where nothing was done', async () => {
      await write(2);
      const found = await audit({ held: [held], trusted: [signer.key] });
      expect(found).toEqual({ events: 76, pending: 2, checkpoints: 3, findings: [], more: 0 });
    });

    it.each([
      ['data', `data = convert_to('{"text":"another"}', 'UTF8')`],
      ['metadata', `metadata = convert_to('{"v":1}', 'UTF8')`],
      ['time', `recorded_at = recorded_at + interval '1 ms'`],
      ['type', `type = 'Other'`],
      ['id', 'event_id = gen_random_uuid()'],
      ['kind of content', 'is_json = not is_json'],
    ])('and names an event whose %s was changed', async (_what, change) => {
      const event = (await everything())[12]!;
      await tamper(`update es.event set ${change} where position = ${event.position}`);
      const { findings } = await audit();
      expect(findings).toEqual([
        {
          ...{ kind: 'changed', stream: 'note-0', revision: 4n, position: event.position },
          sentence: `Event 4 of note-0, at position ${event.position}, was changed after it was recorded.`,
        },
      ]);
    });

    it('and names an event that was removed, in the middle and at the end', async () => {
      const events = await everything();
      const [middle, last] = [events[13]!, events.at(-1)!];
      await tamper(`delete from es.event where position in (${middle.position}, ${last.position})`);
      const { findings, more } = await audit();
      expect(findings.map(({ kind, stream, revision, position }) => [kind, stream, revision, position])).toEqual([
        ['removed', middle.stream, middle.revision, middle.position],
        ['removed', last.stream, last.revision, last.position],
      ]);
      expect(more).toBe(0);
    });

    it('and names two events that were exchanged', async () => {
      const [a, b] = [await positionOf(3), await positionOf(40)];
      await tamper(
        `update es.event set position = -1 where position = ${a}`,
        `update es.event set position = ${a} where position = ${b}`,
        `update es.event set position = ${b} where position = -1`,
      );
      const { findings } = await audit();
      expect(findings.map(({ kind, position }) => [kind, position])).toEqual([
        ['replaced', a],
        ['replaced', b],
      ]);
      expect(findings[0]!.sentence).toMatch(/^Event 13 of note-0, .* lies where event 1 of note-0 was recorded\.$/);
    });

    it('and names an event that was put in where another had been', async () => {
      const [gone] = [await positionOf(20)];
      await tamper(
        `delete from es.event where position = ${gone}`,
        `delete from evidence.leaf where position = '${gone}'`,
        `insert into es.event (position, stream_no, revision, event_id, type, is_json, data)
         select ${gone}, stream_no, 999, gen_random_uuid(), type, is_json, data from es.event where position = ${await positionOf(21)}`,
      );
      expect(kinds(await audit())).toContain('added');
    });

    it('and finds who changed the event and its leaf alike, by the checkpoint behind it', async () => {
      const position = await positionOf(45);
      await tamper(`update es.event set data = convert_to('{}', 'UTF8') where position = ${position}`);
      await remakeTree();
      const { findings } = await audit();
      expect(kinds({ findings } as LogAudit)).toEqual(['checkpoint']);
      expect(findings[0]!.sentence).toMatch(/first 70 events are not those that were signed; the first 30 are/);
      const state = await evidence.state();
      expect(state!.contradiction).toMatch(/does not agree with the events before it/);
    });

    it('and finds a tree that was changed by itself, as the signer does', async () => {
      await owner.query(`update evidence.tile set hashes = set_byte(hashes, 40, get_byte(hashes, 40) # 1)
                         where level = 1 and index = 0`);
      expect(kinds(await audit())).toEqual(['tree']);
      expect((await evidence.state())!.contradiction).toMatch(/The first 70 events had the root .* it was changed/);
    });

    it('and finds events that are gone with their leaves, which the signer refuses as well', async () => {
      const events = await everything();
      await tamper(`delete from es.event where position >= ${events[60]!.position}`);
      await remakeTree(false);
      const found = await audit({ held: [held] });
      expect(found.findings.map(({ sentence }) => sentence)).toEqual(['70 events were signed; the tree has only 60.']);
      expect((await evidence.state())!.contradiction).toMatch(/only 60: events were removed/);
    });

    it('and only somebody who kept a checkpoint finds what a superuser wrote anew, checkpoints and all', async () => {
      await tamper(
        `update es.event set data = convert_to('{}', 'UTF8') where position = ${await positionOf(5)}`,
        `delete from es.event where type = 'CheckpointSigned'`,
      );
      await remakeTree();
      expect((await audit()).findings).toEqual([]);
      const found = await audit({ held: [held], trusted: [signer.key] });
      expect(found.findings.map(({ sentence }) => sentence)).toEqual([
        expect.stringMatching(/first 30 events are not/),
      ]);
    });

    it('and believes no checkpoint that another key has signed', async () => {
      const { key } = newNoteSigner('school.example');
      const found = await audit({ trusted: [key] });
      expect(kinds(found)).toEqual(['checkpoint', 'checkpoint']);
      expect(found.findings[0]!.sentence).toMatch(/None of the known keys/);
    });

    it('and tells so many findings and how many more there are', async () => {
      await write(60);
      await follow();
      await tamper(`update es.event set event_id = gen_random_uuid()`);
      const { findings, more, events } = await audit();
      expect([findings.length, more]).toEqual([MAX_FINDINGS, events - MAX_FINDINGS]);
    });

    /** As somebody would who knows how the tree is made; with `anew` the checkpoints come from the log again. */
    async function remakeTree(anew = true): Promise<void> {
      const checkpoints = anew ? 'delete from evidence.checkpoint' : 'select 1';
      await owner.query(
        `delete from evidence.tree; delete from evidence.tile; delete from evidence.leaf; ${checkpoints}`,
      );
      await follow();
    }
  });
});
