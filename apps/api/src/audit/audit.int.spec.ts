import { createHash } from 'node:crypto';
import { get as httpGet, type IncomingMessage } from 'node:http';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { readEvent } from '@palimpsest/domain';
import type { AuditEntryDto, AuditHistogramDto, AuditPageDto, ProblemDto, WorkspaceDto } from '@palimpsest/protocol';
import { eventually } from '@palimpsest/test-support';
import pg from 'pg';
import { CollabClient } from '../testing/collab-client.js';
import { readZip } from '../testing/read-zip.js';
import { TestApi } from '../testing/test-api.js';

interface Manifest {
  readonly query: string;
  readonly from?: string;
  readonly log: string;
  readonly file: string;
  readonly rows: number;
  readonly bytes: number;
  readonly sha256: string;
  readonly columns: readonly string[];
  readonly madeBy: { readonly username: string };
  readonly newest: { readonly entry: string; readonly position: string } | null;
  readonly oldest: { readonly entry: string; readonly position: string } | null;
}

describe('the audit log', () => {
  let api: TestApi;
  let auditor: string;
  let ada: string;
  let ben: string;
  let own: WorkspaceDto;

  beforeAll(async () => {
    api = await TestApi.start();
    [auditor, ada, ben] = [await api.signIn('auditor'), await api.signIn('ada'), await api.signIn('ben')];
    own = await api.workspace(ada, /Ada/);
  });
  afterAll(() => api.stop());

  const address = (q: string, more = '') => `/api/audit/events?q=${encodeURIComponent(q)}${more}`;
  const page = (q: string, more = '') => api.call<AuditPageDto>('GET', address(q, more), { token: auditor });
  /** As the log is now. */
  async function entries(q: string): Promise<AuditEntryDto[]> {
    return (await page(q, `&limit=500&after=${await api.store.head()}`)).body.entries;
  }

  describe('has of a row', () => {
    it('who, whom, what, how it ended, from where and in which session, and its place in the log', async () => {
      const files = `/api/workspaces/${own.id}/files`;
      const { body } = await api.call('POST', files, { token: ada, body: { path: 'audited.py', text: '' } });
      const [row] = await entries('object:audited.py action:file.create');
      expect(row).toMatchObject({
        ...{ action: 'file.create', type: 'FileCreated', outcome: 'ok', actorName: 'Ada', actorRole: 'student' },
        ...{ via: 'api', objectKind: 'file', objectId: body['id'], object: 'audited.py', workspace: own.id },
        ...{ file: body['id'], address: '127.0.0.1', subjectId: null },
      });
      expect(row?.session).toMatch(/^[0-9a-f-]{36}$/);
      expect(row?.courseName).toContain('Python');
      for await (const event of api.store.readStream(row?.stream ?? '', { from: BigInt(row?.revision ?? 0), limit: 1 }))
        expect([event.id, event.position, readEvent(event).type]).toEqual([row?.id, row?.position, 'FileCreated']);
      expect((await entries(`session:${row?.session} action:file.create`)).map(({ id }) => id)).toContain(row?.id);
    });

    it('the browser as its origin where a cookie shows the session', async () => {
      const headers = { cookie: `palimpsest_session=${ben}` };
      const { body: workspace } = await api.call<WorkspaceDto>('GET', `/api/workspaces/${own.id}`, { headers });
      expect(workspace).toMatchObject({ code: 'not-found' });
      const found = await eventually(async () => (await entries('actor:ben outcome:refused origin:web'))[0], 'the row');
      expect(found).toMatchObject({ via: 'web', action: 'access.refuse' });
    });
  });

  describe('has refusals', () => {
    it('of what is hidden from somebody, though the answer says that there is nothing', async () => {
      const session = await api.signIn('ben');
      const answer = await api.call<ProblemDto>('GET', `/api/workspaces/${own.id}`, { token: session });
      expect([answer.status, answer.body.detail]).toEqual([404, expect.stringContaining('no such workspace')]);
      const rows = await eventually(async () => {
        const found = await entries('actor:ben affected:ada action:access.refuse origin:api');
        return found.length > 0 && found;
      }, 'the attempt in the log');
      expect(rows[0]).toMatchObject({ summary: 'refused: see a workspace', object: own.name, workspace: own.id });
    });

    it('of what there is not at all: none', async () => {
      const before = (await entries('action:access.refuse')).length;
      const nothing = `/api/workspaces/00000000-0000-4000-8000-000000000000`;
      expect((await api.call('GET', nothing, { token: ben })).status).toBe(404);
      expect(await entries('action:access.refuse')).toHaveLength(before);
    });

    it('of a right that is missing, by the socket as well', async () => {
      const session = await api.signIn('hopper');
      const file = own.files[0]!;
      const body = { path: 'x.py', text: '' };
      const refused = await api.call('POST', `/api/workspaces/${own.id}/files`, { token: session, body });
      expect(refused.status).toBe(403);
      const client = await new CollabClient(api.address, file.id, session).synced();
      client.text.insert(0, 'x');
      const rows = await eventually(async () => {
        const found = await entries('actor:hopper outcome:refused');
        return found.length >= 2 && found;
      }, 'both refusals');
      client.end();
      expect(rows.map(({ summary, via }) => `${summary} ${via}`).sort()).toEqual([
        'refused: change a workspace api',
        'refused: type into a file websocket',
      ]);
    });

    it('of every other "not allowed", by its address', async () => {
      const headers = { origin: 'http://elsewhere.example' };
      const body = { path: 'x.py', text: '' };
      const create = { token: ada, headers, body };
      expect((await api.call('POST', `/api/workspaces/${own.id}/files`, create)).status).toBe(403);
      const password = { oldPassword: 'wrong wrong wrong', newPassword: 'a new and long password' };
      const answer = await api.call<ProblemDto>('POST', '/api/auth/password', { token: ada, body: password });
      if (answer.status === 403)
        expect((await entries('actor:ada outcome:refused'))[0]?.summary).toContain(answer.body.code);
    });

    it('of a client that hammers: the first at once, and the rest of its minute as one with their number', async () => {
      const node = await api.anotherNode();
      const session = await api.signIn('ben');
      const tries = Array.from({ length: 30 }, () => node.call('GET', '/api/system', { token: session }));
      expect(new Set((await Promise.all(tries)).map(({ status }) => status))).toEqual(new Set([403]));
      const summaries = async () =>
        (await entries('actor:ben "see the state of the system"')).map(({ summary }) => summary);
      expect(await summaries()).toEqual(['refused: see the state of the system']);
      await node.stop(); // records what it has counted
      expect(await summaries()).toEqual([
        'refused: see the state of the system (29 times in a minute)',
        'refused: see the state of the system',
      ]);
    });
  });

  describe('is asked in a language', () => {
    it.each([
      ['acton:ada', 'q is wrong at character 1: There is no key `acton:`. Did you mean `action:`?'],
      ['actor:ada outcome:denied', 'q is wrong at character 19: There is no outcome `denied`.'],
      ['after:2026-02-30', 'q is wrong at character 7: `2026-02-30` is no time'],
    ])('%s is answered with what is wrong and where', async (q, sentence) => {
      for (const path of [
        address(q),
        `/api/audit/histogram?q=${encodeURIComponent(q)}`,
        `/api/audit/export?format=csv&q=${encodeURIComponent(q)}`,
      ]) {
        const answer = await api.call<ProblemDto>('GET', path, { token: auditor });
        expect([answer.status, answer.body.code]).toEqual([400, 'invalid-request']);
        expect(answer.body.detail).toContain(sentence);
        expect(answer.body.fields?.[0]?.field).toBe('q');
      }
    });

    it('and each asking is a row itself; further pages and the count of it are not', async () => {
      const session = await api.signIn('auditor');
      const q = 'actor:system -action:file.*';
      const ask = (path: string) => api.call<AuditPageDto>('GET', path, { token: session });
      const first = await ask(address(q, '&limit=5'));
      await ask(address(q, `&limit=5&before=${first.body.next}`));
      await ask(`/api/audit/histogram?q=${encodeURIComponent(q)}`);
      const asked = async () =>
        (await entries('actor:auditor action:log.query')).filter(({ summary }) => summary.includes(q));
      expect((await asked()).map(({ summary }) => summary)).toEqual([expect.stringContaining('5 rows')]);
      await ask(address(q, '&limit=5'));
      expect(await asked()).toHaveLength(2);
      // A page or a count that no question came before is one.
      const other = await api.signIn('auditor');
      await api.call('GET', `/api/audit/histogram?q=${encodeURIComponent(q)}`, { token: other });
      expect(await asked()).toHaveLength(3);
    });

    it('whose first page has what can be chosen from, and no further one', async () => {
      const { body } = await page('', '&limit=1');
      expect(body.types).toContain('SignedIn');
      expect(body.actors.map(({ username }) => username)).toContain('ada');
      const { body: second } = await page('', `&limit=1&before=${body.next}`);
      expect([second.types, second.actors, second.entries.length]).toEqual([[], [], 1]);
    });

    it('and counts over time', async () => {
      const path = `/api/audit/histogram?q=${encodeURIComponent('action:account.create')}`;
      const { body } = await api.call<AuditHistogramDto>('GET', path, { token: auditor });
      const rows = await entries('action:account.create');
      expect([body.total, body.isComplete]).toEqual([rows.length, true]);
      expect(body.bars.reduce((sum, { count }) => sum + count, 0)).toBe(rows.length);
    });
  });

  describe('is exported', () => {
    const ROWS = 30_000;
    const download = async (q: string, format: 'csv' | 'jsonl') => {
      const url = `http://${api.address}/api/audit/export?format=${format}&q=${encodeURIComponent(q)}`;
      const response = await fetch(url, { headers: { authorization: `Bearer ${auditor}` } });
      expect([response.status, response.headers.get('content-type')]).toEqual([200, 'application/zip']);
      const files = new Map(readZip(Buffer.from(await response.arrayBuffer())).map(({ name, bytes }) => [name, bytes]));
      const manifest = JSON.parse(String(files.get('manifest.json'))) as Manifest;
      const rows = files.get(manifest.file) ?? Buffer.alloc(0);
      expect([...files.keys()]).toEqual([manifest.file, 'manifest.json']);
      expect(manifest).toMatchObject({ bytes: rows.length, log: await api.store.identity() });
      expect(createHash('sha256').update(rows).digest('hex')).toBe(manifest.sha256);
      return { manifest, text: rows.toString() };
    };

    it('with exactly the rows of the query, as CSV and as JSON lines, and a manifest that is true', async () => {
      const q = 'outcome:refused,error actor:ben,ada after:1d';
      const listed = await entries(q);
      expect(listed.length).toBeGreaterThan(1);
      const json = await download(q, 'jsonl');
      const rows = json.text
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line) as Record<string, string>);
      expect(rows.map((row) => [row['event'], row['time'], row['who'], row['action'], row['summary']])).toEqual(
        listed.map(({ id, at, actorName, action, summary }) => [id, at, actorName, action, summary]),
      );
      expect(json.manifest).toMatchObject({
        ...{ query: q, rows: listed.length, madeBy: { username: 'auditor' }, columns: Object.keys(rows[0] ?? {}) },
        ...{ newest: { entry: listed[0]?.entry, position: listed[0]?.position } },
        ...{ oldest: { entry: listed.at(-1)?.entry, position: listed.at(-1)?.position } },
      });
      expect(Date.parse(json.manifest.from ?? '')).toBeGreaterThan(Date.now() - 86_400_000 - 60_000);
      const csv = await download(q, 'csv');
      const lines = csv.text.trimEnd().split('\r\n');
      expect(lines[0]).toBe(csv.manifest.columns.join(','));
      expect(lines).toHaveLength(listed.length + 1);
      const done = `export done: ${csv.manifest.rows} rows, ${csv.manifest.bytes} bytes`;
      // It is recorded when the last byte has left, so maybe after that has arrived.
      await eventually(async () => (await entries('action:export.finish'))[0]?.summary === done, 'the end, recorded');
      expect((await entries('action:export.start'))[0]?.summary).toContain('export begun: csv');
    });

    it('with nothing that a spreadsheet would carry out', async () => {
      const files = `/api/workspaces/${own.id}/files`;
      await api.call('POST', files, { token: ada, body: { path: '=1+2,"x".py', text: '' } });
      await entries('');
      const q = 'object:"=1+2,\\"x\\".py"';
      expect((await download(q, 'csv')).text).toContain(`,"'=1+2,""x"".py",`);
      expect((await download(q, 'jsonl')).text).toContain('"object":"=1+2,\\"x\\".py"');
    });

    it('when nothing matches, too', async () => {
      const { manifest, text } = await download('actor:nobody', 'jsonl');
      expect([text, manifest.rows, manifest.newest]).toEqual(['', 0, null]);
    });

    it('by nobody else', async () => {
      const refused = await api.call('GET', '/api/audit/export?format=csv', { token: ada });
      expect(refused.status).toBe(403);
    });

    describe('when it is large', () => {
      beforeAll(async () => {
        const owner = new pg.Client({ connectionString: api.ownerUrl });
        await owner.connect();
        await owner.query(
          `with made as (
             insert into read.audit_entry (event_id, at, revision, type, outcome, actor_id, actor_role, via, stream, position,
               object_kind, object, summary, words)
             select gen_random_uuid(), timestamptz '2020-01-01' + n * interval '1 second', n, 'OutputEmitted', 'ok', 'system',
               'system', 'executor', 'run-x', n, 'run', 'x', (select string_agg(md5(n::text || m), '') from generate_series(1, 12) m), ''
             from generate_series(1, ${ROWS}) n order by n returning entry_no, at)
           insert into read.audit_hour select date_trunc('hour', at, 'UTC'), min(entry_no), max(entry_no) from made group by 1`,
        );
        await owner.end();
      });

      it('has every row of tens of thousands once, newest first', async () => {
        const { rows } = await api.pool.query<{ id: string }>(
          `select event_id as id from read.audit_entry where at < '2021-01-01' order by entry_no desc`,
        );
        const { text, manifest } = await download('before:2021-01-01', 'jsonl');
        const found = text.trimEnd().split('\n');
        expect([found.length, manifest.rows]).toEqual([ROWS, ROWS]);
        const ids = found.map((line) => (JSON.parse(line) as { event: string }).event);
        expect(ids.join('\n')).toBe(rows.map(({ id }) => id).join('\n'));
      }, 120_000);

      it('waits for whoever reads slowly, and ends with whoever goes away', async () => {
        const finished = (await entries('action:export.finish')).length;
        const response = await new Promise<IncomingMessage>((resolve, reject) => {
          const path = `/api/audit/export?format=jsonl&q=before:2021-01-01`;
          const [host, port] = api.address.split(':');
          httpGet({ host, port, path, headers: { authorization: `Bearer ${auditor}` } }, resolve).on('error', reject);
        });
        response.pause();
        const reading = async () => {
          const { rows } = await api.pool.query<{ state: string }>(
            `select state from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()
               and xact_start is not null and query like '%audit_%'`,
          );
          return rows.length;
        };
        // It has read what fits between here and there, and holds the state of the database for the rest.
        await new Promise((resolve) => setTimeout(resolve, 1_500));
        expect(await reading()).toBeGreaterThan(0);
        response.destroy();
        await eventually(async () => (await reading()) === 0, 'the reading ending');
        expect(await entries('action:export.finish')).toHaveLength(finished);
        // Nothing of it is left that would be in the way of the next.
        for (let n = 0; n < 3; n++) await download('actor:nobody', 'csv');
      });
    });
  });
});
