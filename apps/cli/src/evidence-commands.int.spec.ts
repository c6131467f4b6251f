import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import { prepareDatabase } from '@palimpsest/api';
import { TestApi } from '@palimpsest/api/testing';
import { createPostgresEventStore, type RecordedEvent } from '@palimpsest/event-store';
import { appendLeaves, auditLog, EventProofs, Evidence, noteSigner } from '@palimpsest/evidence';
import type { CheckpointDto } from '@palimpsest/protocol';
import { createTestDatabase, eventually } from '@palimpsest/test-support';
import pg from 'pg';
import { exportCommand, importCommand, verifyCommand } from './archive-commands.js';
import type { Terminal } from './environment.js';
import { showEvidenceCommand, verifyEvidenceCommand } from './evidence-commands.js';
import { ProgressBar } from './progress-bar.js';

const SEED = '7e'.repeat(32);
const key = noteSigner('school.example', Buffer.from(SEED, 'hex')).key.text;
const foreign = noteSigner('school.example', Buffer.alloc(32)).key.text;

function terminal() {
  const printed: string[] = [];
  const noted: string[] = [];
  const fake: Terminal = {
    progress: new ProgressBar({ write: () => undefined }),
    print: (line) => void printed.push(line),
    note: (line) => void noted.push(line),
    signal: new AbortController().signal,
  };
  return { terminal: fake, printed, noted };
}

describe('evidence beside an archive', () => {
  let api: TestApi;
  let owner: pg.Client;
  const folder = mkdtempSync(join(tmpdir(), 'palimpsest-evidence-'));
  const archive = join(folder, 'archive');
  /** A checkpoint that somebody kept. */
  let held: CheckpointDto;

  const own = () => ({ OWNER_DATABASE_URL: api.ownerUrl });
  const nothing = { key: [], checkpoint: [] };

  beforeAll(async () => {
    Object.assign(process.env, { EVIDENCE_KEY: SEED, EVIDENCE_ORIGIN: 'school.example' });
    api = await TestApi.start();
    owner = new pg.Client({ connectionString: api.ownerUrl });
    await owner.connect();
    const token = await api.signIn('auditor');
    held = (await api.call<CheckpointDto>('POST', '/api/evidence/checkpoints', { token })).body;
    const ada = await api.signIn('ada');
    const { id } = await api.workspace(ada, /Ada/);
    for (let n = 0; n < 8; n++)
      await api.call('POST', `/api/workspaces/${id}/files`, {
        token: ada,
        body: { path: `ü "${n}".py`, text: 'ü\\\n' },
      });
    const last = await api.call<CheckpointDto>('POST', '/api/evidence/checkpoints', { token });
    expect(last.body.size).toBeGreaterThan(held.size + 8);
    writeFileSync(join(folder, 'held'), held.note);
    const { terminal: shown, printed } = terminal();
    expect(await exportCommand(archive, own(), shown)).toBe(0);
    expect(printed[1]).toMatch(/^\d+ signed checkpoints beside it: python3 .*verifier\.py .* checks them anywhere\.$/);
  });
  afterAll(async () => {
    await owner.end();
    await api.stop();
    rmSync(folder, { recursive: true, force: true });
    for (const name of ['EVIDENCE_KEY', 'EVIDENCE_ORIGIN']) delete process.env[name];
  });

  /** The verifier that lies in the archive, on it or another folder. */
  function verify(path: string, ...words: string[]) {
    const file = join(archive, 'verifier.py');
    const { status, stdout, stderr } = spawnSync('python3', ['-B', file, path, ...words], { encoding: 'utf8' });
    return { status, said: stdout + stderr };
  }

  it('is checked offline, with the key and a checkpoint from elsewhere, or without them', () => {
    const good = verify(archive, '--key', key, '--checkpoint', join(folder, 'held'));
    expect(good).toEqual({ status: 0, said: expect.stringMatching(/events are exactly those that were signed/) });
    expect(good.said).not.toContain('Note:');
    expect(verify(archive)).toEqual({ status: 0, said: expect.stringContaining('taken from the export itself') });
    expect(verify(archive, '--key', foreign)).toEqual({ status: 1, said: expect.stringContaining('None of the keys') });
  });

  it('is no stranger in the archive', async () => {
    const { terminal: shown, noted } = terminal();
    expect(await verifyCommand(archive, shown)).toBe(0);
    expect(noted).toEqual([]);
  });

  describe('finds', () => {
    let copy: string;
    beforeEach(() => {
      copy = mkdtempSync(join(folder, 'copy-'));
      cpSync(archive, copy, { recursive: true });
    });

    /** Rewrites the events of the copy, checksums and all, as somebody would who knows the format. */
    function rewrite(change: (lines: string[]) => string[]): void {
      const text = readFileSync(join(copy, 'archive.json'), 'utf8');
      const { sha256: _, ...manifest } = JSON.parse(text) as {
        sha256: string;
        events: number;
        segments: { kind: string; file: string; records: number; bytes: number; sha256: string }[];
      };
      const segment = manifest.segments.find(({ kind }) => kind === 'events')!;
      const [header = '', ...lines] = gunzipSync(readFileSync(join(copy, segment.file)))
        .toString()
        .trimEnd()
        .split('\n');
      const changed = change(lines);
      const bytes = gzipSync(`${[header, ...changed].join('\n')}\n`);
      writeFileSync(join(copy, segment.file), bytes);
      const sha256 = createHash('sha256').update(bytes).digest('hex');
      Object.assign(segment, { records: changed.length, bytes: bytes.length, sha256 });
      manifest.events += changed.length - lines.length;
      const sum = createHash('sha256')
        .update(JSON.stringify(manifest, null, 2))
        .digest('hex');
      writeFileSync(join(copy, 'archive.json'), `${JSON.stringify({ ...manifest, sha256: sum }, null, 2)}\n`);
    }

    it.each<[string, (lines: string[]) => string[], RegExp]>([
      [
        'a changed event',
        (lines) => lines.with(9, lines[9]!.replace(/"recordedAt":"2/, '"recordedAt":"3')),
        /not those that were signed/,
      ],
      ['a removed event', (lines) => lines.toSpliced(9, 1), /not those that were signed/],
      [
        'two exchanged events',
        (lines) => lines.with(9, lines[10]!).with(10, lines[9]!),
        /changed, removed or reordered/,
      ],
      ['an event put in', (lines) => lines.toSpliced(9, 0, lines[9]!), /not those that were signed/],
      ['events cut off', (lines) => lines.slice(0, 20), /events were signed; the archive has only 20/],
      ['a line that is no event', (lines) => lines.with(9, '{}'), /a line that is no event/],
    ])('%s, though every checksum fits', async (_what, change, sentence) => {
      rewrite(change);
      const { status, said } = verify(copy, '--key', key);
      expect([status, said]).toEqual([1, expect.stringMatching(sentence)]);
      if (!said.includes('no event')) expect(await verifyCommand(copy, terminal().terminal)).toBe(0);
    });

    it('a damaged file, and one that is missing', () => {
      writeFileSync(join(copy, '000001-events.ndjson.gz'), 'x');
      expect(verify(copy)).toEqual({ status: 1, said: expect.stringContaining('its checksum differs') });
      rmSync(join(copy, '000001-events.ndjson.gz'));
      expect(verify(copy)).toEqual({ status: 1, said: expect.stringContaining('cannot be read') });
      rmSync(join(copy, 'evidence.json'));
      expect(verify(copy).status).toBe(2);
    });

    it('that a checkpoint which was kept is of another log', () => {
      const note = held.note.replace(/\n\d+\n/, '\n3\n');
      writeFileSync(join(folder, 'forged'), note);
      const { status, said } = verify(copy, '--key', key, '--checkpoint', join(folder, 'forged'));
      expect([status, said]).toEqual([1, expect.stringContaining('does not fit the checkpoint')]);
    });
  });

  it('proves rows of an export that carry their proofs', async () => {
    const proofs = new EventProofs(new Evidence(owner));
    const rows: object[] = [];
    for await (const event of api.store.readAll({ limit: 20 })) {
      const { id, stream, type } = event;
      rows.push({ id, stream, type, revision: String(event.revision), proof: await proofs.withContent(event) });
    }
    const write = (lines: readonly object[]) => {
      writeFileSync(join(folder, 'rows.jsonl'), lines.map((row) => `${JSON.stringify(row)}\n`).join(''));
      return verify(join(folder, 'rows.jsonl'), '--key', key);
    };
    expect(write([...rows, { id: 'x' }])).toEqual({
      status: 0,
      said: expect.stringContaining('20 rows are proved; 1 carry no proof.'),
    });
    expect(write(rows.with(4, { ...rows[4], type: 'Other' }))).toEqual({
      status: 1,
      said: expect.stringMatching(/Line 5: its type is not that of the event/),
    });
    expect(write([{ id: 'x' }]).status).toBe(2);
  });

  it('is the same after the log has moved to another store', async () => {
    const database = await createTestDatabase();
    const { terminal: shown } = terminal();
    expect(await importCommand(archive, { OWNER_DATABASE_URL: database.url }, shown)).toBe(0);
    await prepareDatabase({ ownerUrl: database.url });
    const store = createPostgresEventStore({ connectionString: database.url });
    const moved = new pg.Client({ connectionString: database.url });
    await moved.connect();
    const events: RecordedEvent[] = [];
    for await (const event of store.readAll()) events.push(event);
    await appendLeaves(events, await store.identity(), moved);
    const found = await auditLog({ store, database: moved, held: [held.note] });
    expect(found).toMatchObject({ findings: [], events: events.length });
    expect(found.checkpoints).toBeGreaterThan(2);
    await moved.end();
    await store.close();
    await database.drop();
  });

  it('is shown and verified on the server, where what was tampered with is named', async () => {
    const { terminal: shown, printed, noted } = terminal();
    expect(await showEvidenceCommand(own(), shown)).toBe(0);
    expect(printed).toEqual([expect.stringMatching(/^school\.example\n\d+\n/), `key ${key}`]);
    const options = { key: [key], checkpoint: [join(folder, 'held')] };
    await eventually(async () => (await verifyEvidenceCommand(options, own(), shown)) === 0, 'the log being whole');
    expect(printed.at(-1)).toMatch(/^\d+ events and \d+ checkpoints compared: everything is as it was recorded\.$/);
    await owner.query(`alter table es.event disable trigger append_only;
      update es.event set data = convert_to('{}', 'UTF8') where position = 7`);
    expect(await verifyEvidenceCommand(nothing, own(), shown)).toBe(1);
    expect(noted[0]).toMatch(/^Event \d+ of \S+, at position 7, was changed after it was recorded\.$/);
    expect(printed.at(-1)).toMatch(/compared: 1 difference\.$/);
    await verifyEvidenceCommand({ ...nothing, json: true }, own(), shown);
    expect(JSON.parse(printed.at(-1)!)).toMatchObject({ findings: [{ kind: 'changed', position: '7' }], more: 0 });
  });

  it('is not there before anything was signed', async () => {
    const database = await createTestDatabase();
    await prepareDatabase({ ownerUrl: database.url });
    const { terminal: shown, noted } = terminal();
    expect(await showEvidenceCommand({ OWNER_DATABASE_URL: database.url }, shown)).toBe(1);
    expect(noted[0]).toMatch(/No checkpoint has been signed yet/);
    await database.drop();
  });
});
