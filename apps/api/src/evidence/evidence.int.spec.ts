import { spawnSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { encodeEvent, SYSTEM } from '@palimpsest/domain';
import type { Position } from '@palimpsest/event-store';
import { auditLog, noteSigner, openNote, VERIFIER_FILE } from '@palimpsest/evidence';
import type {
  AuditPageDto,
  CheckpointDto,
  ConsistencyProofDto,
  EventProofDto,
  EvidenceDto,
  HealthDto,
  ProblemDto,
  ReceiptDto,
  SystemDto,
  WorkspaceDto,
} from '@palimpsest/protocol';
import { eventually } from '@palimpsest/test-support';
import pg from 'pg';
import { Classroom, inMs } from '../testing/classroom.js';
import { TestApi } from '../testing/test-api.js';

const SEED = 'a1'.repeat(32);
const ORIGIN = 'school.example/palimpsest';
const { key } = noteSigner(ORIGIN, Buffer.from(SEED, 'hex'));

describe('what vouches for the event log', () => {
  let api: TestApi;
  let room: Classroom;
  let owner: pg.Client;
  const nodes: TestApi[] = [];
  const folder = mkdtempSync(join(tmpdir(), 'palimpsest-evidence-'));

  beforeAll(async () => {
    Object.assign(process.env, { EVIDENCE_KEY: SEED, EVIDENCE_ORIGIN: ORIGIN });
    api = await TestApi.start();
    room = await Classroom.open(api);
    owner = new pg.Client({ connectionString: api.ownerUrl });
    owner.on('error', () => undefined);
    await owner.connect();
  });
  afterEach(async () => {
    for (const node of nodes.splice(0)) await node.stop();
  });
  afterAll(async () => {
    await owner.end();
    await api.stop();
    rmSync(folder, { recursive: true, force: true });
    for (const name of ['EVIDENCE_KEY', 'EVIDENCE_ORIGIN']) delete process.env[name];
  });

  const evidence = async () => (await room.as<EvidenceDto>('ada', 'GET', '/api/evidence')).body;
  const checkpointBeyond = (size: number) =>
    eventually(async () => {
      const { latest } = await evidence();
      return latest && latest.size > size && latest;
    }, `a checkpoint of more than ${size} events`);
  const sign = (who: string) => room.as<CheckpointDto & ProblemDto>(who, 'POST', '/api/evidence/checkpoints');

  function verify(file: object, ...words: string[]) {
    const path = join(folder, `${randomUUID()}.json`);
    writeFileSync(path, JSON.stringify(file));
    const { status, stdout } = spawnSync('python3', ['-B', VERIFIER_FILE, path, ...words], { encoding: 'utf8' });
    return { status, out: stdout };
  }

  /** A hand-in of Ada's: its receipt and the copy. */
  async function handIn(): Promise<{ receipt: string; copy: WorkspaceDto }> {
    const item = await room.publish({ releaseAt: inMs(-1) }, { 'main.py': 'print(1)\n', 'lib/ü.py': '"ü\u2028"\n' });
    const copy = await room.open('ada', item);
    const { status, body } = await room.as<ReceiptDto>('ada', 'POST', `/api/workspaces/${copy.id}/hand-ins`);
    expect(status).toBe(201);
    const found = () => room.as('ada', 'GET', `/api/receipts/${body.id}`);
    await eventually(async () => (await found()).status === 200, 'the receipt');
    return { receipt: body.id, copy };
  }

  it('is signed soon after the start, and said to whoever has signed in', async () => {
    const latest = await checkpointBeyond(0);
    expect(openNote(latest.note, [key])).toBe(`${ORIGIN}\n${latest.size}\n${latest.root}\n`);
    expect(await evidence()).toMatchObject({ origin: ORIGIN, keys: [key.text], state: 'intact', reason: null });
    expect((await api.call('GET', '/api/evidence')).status).toBe(401);
  });

  it('does not sign for ever because of its own events', async () => {
    const { body } = await sign('auditor');
    const again = await sign('auditor');
    expect(again.body).toEqual(body);
    await new Promise((done) => setTimeout(done, 1_500));
    expect((await evidence()).latest).toEqual(body);
  });

  it('is signed for auditors and administrators at once, whose name is in the event, and for nobody else', async () => {
    const { size } = (await evidence()).latest!;
    expect((await sign('ada')).status).toBe(403);
    const signed = await sign('auditor');
    expect(signed.status).toBe(201);
    expect(signed.body.size).toBeGreaterThan(size);
    const entry = async (type: string) =>
      (await room.as<AuditPageDto>('auditor', 'GET', `/api/audit/events?q=type:${type}`)).body.entries[0];
    const recorded = await eventually(async () => {
      const found = await entry('CheckpointSigned');
      return found?.summary === `checkpoint signed: ${signed.body.size} events` && found;
    }, 'the checkpoint in the audit log');
    expect(recorded).toMatchObject({ actorRole: 'auditor', object: 'event log' });
    expect(await entry('AccessRefused')).toMatchObject({ actorName: 'Ada', object: 'event log' });
  });

  it('lists checkpoints, newest first and in pages', async () => {
    await handIn();
    await sign('admin');
    const all = (await room.as<CheckpointDto[]>('ada', 'GET', '/api/evidence/checkpoints')).body;
    expect(all.length).toBeGreaterThan(2);
    const first = await room.as<CheckpointDto[]>('ada', 'GET', '/api/evidence/checkpoints?limit=2');
    const next = /<([^>]+)>; rel="next"/.exec(first.headers.get('link') ?? '')?.[1] ?? '';
    const second = await room.as<CheckpointDto[]>('ada', 'GET', next);
    expect([...first.body, ...second.body]).toEqual(all.slice(0, 4));
  });

  describe('a receipt', () => {
    it('proves itself, offline, with the files that were handed in', async () => {
      const { receipt, copy } = await handIn();
      const answer = await room.as<EventProofDto>('ada', 'GET', `/api/receipts/${receipt}/proof`);
      expect(answer.status).toBe(200);
      expect(answer.headers.get('content-disposition')).toBe(`attachment; filename="receipt-${receipt}.json"`);
      expect(JSON.parse(answer.body.leaf!)).toMatchObject({ id: receipt, stream: `workspace-${copy.id}` });
      const good = verify(answer.body, '--key', key.text);
      expect(good).toEqual({ status: 0, out: expect.stringMatching(/WorkHandedIn.*\n {2}[0-9a-f]{64} {2}/) });
      const kept = join(folder, 'kept');
      for (const [path, text] of [
        ['main.py', 'print(1)\n'],
        ['lib/ü.py', '"ü\u2028"\n'],
      ] as const) {
        mkdirSync(join(kept, path, '..'), { recursive: true });
        writeFileSync(join(kept, path), text);
      }
      expect(verify(answer.body, '--key', key.text, '--files', kept).out).toMatch(/The 2 files in .* were handed in/);
      writeFileSync(join(kept, 'main.py'), 'print(2)\n');
      expect(verify(answer.body, '--files', kept)).toMatchObject({
        status: 1,
        out: expect.stringContaining('main.py'),
      });
    });

    it('of which a byte was changed proves nothing', async () => {
      const { receipt } = await handIn();
      const { body } = await room.as<EventProofDto>('ada', 'GET', `/api/receipts/${receipt}/proof`);
      const foreign = noteSigner(ORIGIN, Buffer.alloc(32)).key.text;
      const changes: [Partial<EventProofDto>, RegExp][] = [
        [{ leaf: body.leaf!.replace('main.py', 'mine.py') }, /was changed/],
        [{ leafHash: body.hashes[0]! }, /was changed/],
        [{ index: body.index - 1 }, /not in the log/],
        [{ hashes: body.hashes.slice(1) }, /not in the log/],
        [{ hashes: [...body.hashes].reverse() }, /not in the log/],
        [{ checkpoint: body.checkpoint.replace(/\n(\d)/, '\n1$1') }, /signature of .* does not fit/],
        [{ checkpoint: body.checkpoint.split('\n\n')[0]! }, /no signatures/],
        [{ keys: [foreign] }, /None of the keys/],
      ];
      for (const [change, why] of changes) {
        const { status, out } = verify({ ...body, ...change });
        expect([status, out]).toEqual([1, expect.stringMatching(why)]);
      }
      expect(verify(body, '--key', foreign).status).toBe(1);
    });

    it('is proved to those who may see the work, and to no other student', async () => {
      const { receipt } = await handIn();
      const proof = (who: string) => room.as(who, 'GET', `/api/receipts/${receipt}/proof`);
      expect((await proof('hopper')).status).toBe(200);
      expect((await proof('ben')).status).toBe(404);
      expect((await room.as('ada', 'GET', `/api/receipts/${randomUUID()}/proof`)).status).toBe(404);
    });
  });

  describe('an event', () => {
    const prove = (who: string, query: string) =>
      room.as<EventProofDto & ProblemDto>(who, 'GET', `/api/evidence/proof?${query}`);

    it('is proved by its position, or its stream and revision, without saying what it is', async () => {
      const { body: checkpoint } = await sign('auditor');
      const { copy } = await handIn();
      await sign('auditor');
      const byPlace = await prove('auditor', `stream=workspace-${copy.id}&revision=0`);
      expect(byPlace.status).toBe(200);
      expect(byPlace.body.leaf).toBeUndefined();
      expect(verify(byPlace.body, '--key', key.text).status).toBe(0);
      const byPosition = await prove('admin', `position=${checkpoint.position}`);
      expect(verify(byPosition.body, '--key', key.text).status).toBe(0);
      expect((await prove('hopper', `position=${checkpoint.position}`)).status).toBe(403);
    });

    it('of the audit streams is proved with what it says, which nobody can exchange', async () => {
      await sign('auditor');
      await sign('auditor');
      const stream = `evidence-${new Date().toISOString().slice(0, 7)}`;
      const { body } = await prove('auditor', `stream=${stream}&revision=0`);
      expect(JSON.parse(body.leaf ?? '')).toMatchObject({ stream, revision: '0', type: 'CheckpointSigned' });
      expect(verify(body, '--key', key.text).status).toBe(0);
      const exchanged = { ...body, leaf: body.leaf?.replace('"revision":"0"', '"revision":"1"') };
      expect(verify(exchanged as EventProofDto, '--key', key.text).status).toBe(1);
    });

    it.each([
      ['', 400, /stream and revision/],
      ['stream=workspace-x', 400, /stream and revision/],
      ['stream=workspace-x&revision=-1', 400, /must be a number from 0/],
      ['stream=workspace-x&revision=0', 404, /no such event/],
      ['position=99999999', 404, /no such event/],
      ['position=%00', 400, /position/],
    ])('that is asked for by "%s" is answered %i', async (query, status, sentence) => {
      const answer = await prove('auditor', query);
      expect([answer.status, answer.body.detail]).toEqual([status, expect.stringMatching(sentence)]);
    });

    it('is consistent over two checkpoints', async () => {
      const older = (await evidence()).latest!;
      await handIn();
      const newer = (await sign('auditor')).body;
      const path = `/api/evidence/consistency?first=${older.size}&size=${newer.size}`;
      const { body } = await room.as<ConsistencyProofDto>('ada', 'GET', path);
      const notes = [older.note, newer.note].map((note, n) => {
        writeFileSync(join(folder, `note-${n}`), note);
        return join(folder, `note-${n}`);
      });
      expect(verify(body, ...notes, '--key', key.text)).toMatchObject({ status: 0 });
      expect(verify({ ...body, hashes: body.hashes.slice(1) }, ...notes, '--key', key.text).status).toBe(1);
      for (const query of ['first=0&size=3', 'first=3&size=2', 'first=1&size=99999999', 'first=x&size=3'])
        expect((await room.as('ada', 'GET', `/api/evidence/consistency?${query}`)).status).toBe(400);
    });
  });

  /** The tree has every event of the log, once and in order. */
  async function whole(): Promise<void> {
    const head = (await api.store.head()) as Position;
    await eventually(async () => {
      const { rowCount } = await owner.query('select from evidence.leaf where position = $1', [head]);
      return rowCount === 1;
    }, 'the newest event in the tree');
    const found = await auditLog({ store: api.store, database: owner, trusted: [key] });
    expect(found.findings).toEqual([]);
    expect(found.events).toBeGreaterThan(0);
  }

  async function write(count: number): Promise<void> {
    for (let n = 0; n < count; n++) {
      const event = { type: 'AccessRefused', data: { what: `test ${n}`, object: 'nothing' } } as const;
      const encoded = { id: randomUUID(), ...encodeEvent(event, { actor: SYSTEM }) };
      await api.store.append(`audit-1999-0${1 + (n % 5)}`, [encoded], { expected: 'any' });
    }
  }

  it('has each event once though two nodes follow the log and one of them ends', async () => {
    const second = await api.anotherNode();
    nodes.push(second);
    const third = await api.anotherNode();
    await Promise.all([write(150), new Promise((done) => setTimeout(done, 200)).then(() => third.stop())]);
    await whole();
  });

  it('has each event once though its connections are cut in the middle of batches', async () => {
    const cut = async () => {
      for (let n = 0; n < 15; n++) {
        await owner.query(`select pg_terminate_backend(pid) from pg_stat_activity
          where datname = current_database() and application_name = 'palimpsest api' and query like '%evidence.%'`);
        await new Promise((done) => setTimeout(done, 40));
      }
    };
    await Promise.all([write(300), cut()]);
    await whole();
  });

  it('signs nothing more on a tree that was changed, and says so in health and to auditors', async () => {
    await sign('auditor');
    const flip = `update evidence.tile set hashes = set_byte(hashes, 3, get_byte(hashes, 3) # 1) where level = 1 and index = 0`;
    await owner.query(flip);
    const refused = await sign('auditor');
    expect([refused.status, refused.body.code]).toEqual([409, 'evidence-contradicted']);
    expect(await evidence()).toMatchObject({ state: 'contradicted', reason: expect.stringMatching(/it was changed/) });
    const health = (await api.call<HealthDto>('GET', '/api/health')).body;
    expect(health).toMatchObject({ ok: false, faults: [expect.stringMatching(/it was changed/)] });
    await owner.query(flip);
    await eventually(async () => (await evidence()).state === 'intact', 'the tree as it was');
  });

  it('goes on with a new key, which the old one vouches for as long as it is set', async () => {
    const next = noteSigner(ORIGIN, Buffer.alloc(32, 3)).key;
    const other = await api.anotherNode({ EVIDENCE_KEY: '03'.repeat(32), EVIDENCE_KEY_PREVIOUS: SEED });
    delete process.env['EVIDENCE_KEY_PREVIOUS'];
    nodes.push(other);
    const { body } = await other.call<CheckpointDto>('POST', '/api/evidence/checkpoints', {
      token: await room.token('auditor'),
    });
    expect(body.keys).toEqual([next.text, key.text]);
    for (const one of [next, key]) expect(openNote(body.note, [one])).toContain(ORIGIN);
  });

  it('is shown among the reactors', async () => {
    const { body } = await room.as<SystemDto>('auditor', 'GET', '/api/system');
    expect(body.projections.find(({ name }) => name === 'evidence')).toMatchObject({ kind: 'reactor', fault: null });
  });
});
