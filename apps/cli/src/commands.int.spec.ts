import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { prepareDatabase, resetPassword } from '@palimpsest/api';
import { readZip, TestApi } from '@palimpsest/api/testing';
import { PostgresBlobStore } from '@palimpsest/blobs';
import { type EventStore, openEventStore, type Position } from '@palimpsest/event-store';
import { createInProcessLog } from '@palimpsest/event-store/testing';
import { PROJECTORS, ReadModels } from '@palimpsest/projections';
import { createTestDatabase, eventually, type TestDatabase } from '@palimpsest/test-support';
import pg from 'pg';
import { exportCommand, importCommand, infoCommand, verifyCommand } from './archive-commands.js';
import type { Terminal } from './environment.js';
import { gitCommand, jsonlCommand, progSnap2Command } from './export-commands.js';
import { ProgressBar } from './progress-bar.js';
import { rebuildCommand, skipCommand, statusCommand } from './projection-commands.js';
import { type Ask, importUsersCommand, readColumn, readDelimiter } from './user-commands.js';

/** A terminal that keeps what a command says. */
function terminal() {
  const printed: string[] = [];
  const noted: string[] = [];
  const drawn: string[] = [];
  const fake: Terminal = {
    progress: new ProgressBar({ isTTY: true, columns: 200, write: (text: string) => drawn.push(text) }),
    print: (line) => void printed.push(line),
    note: (line) => void noted.push(line),
    signal: new AbortController().signal,
  };
  return { terminal: fake, printed, noted, drawn };
}

/** Every row of every read model, in the order of the log where a table has one. */
async function readModels(pool: pg.Pool): Promise<Record<string, unknown>> {
  const tables: Record<string, unknown> = {};
  for (const table of PROJECTORS.flatMap((projector) => projector.tables)) {
    const order = table === 'audit_entry' ? 'order by entry_no' : '';
    const { rows } = await pool.query<Record<string, unknown>>(`select * from read.${table} ${order}`);
    // Another log has other positions, and numbers of entries only order them.
    const volatile = new Set(['entry_no', 'first_entry', 'last_entry', 'position']);
    const texts = rows.map((row) => JSON.stringify(Object.entries(row).filter(([column]) => !volatile.has(column))));
    tables[table] = order === '' ? texts.sort() : texts;
  }
  return tables;
}

describe('commands on an installation', () => {
  let api: TestApi;
  let folder: string;
  const databases: TestDatabase[] = [];

  beforeAll(async () => {
    api = await TestApi.start();
    const ada = await api.signIn('ada');
    const workspace = await api.workspace(ada, /Pair/);
    const files = `/api/workspaces/${workspace.id}/files`;
    for (let n = 0; n < 5; n++) {
      const { body } = await api.call('POST', files, { token: ada, body: { path: `f${n}.py`, text: `x = ${n}\n` } });
      await api.call('PATCH', `${files}/${String(body['id'])}`, { token: ada, body: { path: `lib/ünï${n}.py` } });
      if (n % 2 === 0) await api.call('DELETE', `${files}/${String(body['id'])}`, { token: ada });
    }
    const run = { workspace: workspace.id, mode: 'script', entry: 'main.py' };
    const { body } = await api.call('POST', '/api/runs', { token: ada, body: run });
    await api.call('POST', `/api/runs/${String(body['id'])}/cancel`, { token: ada });
    await api.call('GET', '/api/audit/events', { token: ada });
    await api.call('GET', '/api/audit/events', { token: await api.signIn('auditor') });
  });
  afterAll(() => api.stop());
  beforeEach(async () => {
    folder = join(await mkdtemp(join(tmpdir(), 'palimpsest-cli-')), 'archive');
  });
  afterEach(async () => {
    await rm(join(folder, '..'), { recursive: true, force: true });
    for (const database of databases.splice(0)) await database.drop();
  });

  const own = () => ({ OWNER_DATABASE_URL: api.ownerUrl });
  async function newDatabase(): Promise<string> {
    const database = await createTestDatabase();
    databases.push(database);
    return database.url;
  }

  async function caughtUp(store: EventStore, pool: pg.Pool, ownerUrl: string): Promise<void> {
    const models = new ReadModels(store, pool, ownerUrl);
    await models.rebuildOutdated({ ownerUrl });
    models.start();
    const head = (await store.head()) as Position;
    for (const name of ['directory', 'runs', 'audit', 'metrics'] as const) await models.waitFor(name, head);
    await models.stop();
  }

  it.each(['Postgres', 'KurrentDB'] as const)(
    'an archive imported into %s gives the same events and the same read models',
    async (kind) => {
      const said = terminal();
      await new PostgresBlobStore(new pg.Pool({ connectionString: api.ownerUrl, max: 1, idleTimeoutMillis: 10 })).put(
        Buffer.from('a plot'),
        'image/png',
      );
      expect(await exportCommand(folder, own(), said.terminal)).toBe(0);
      expect(await verifyCommand(folder, said.terminal)).toBe(0);
      const log = kind === 'KurrentDB' ? await createInProcessLog() : undefined;
      const ownerUrl = await newDatabase();
      const environment = { OWNER_DATABASE_URL: ownerUrl, ...(log && { EVENTSTORE_URL: log.url }) };
      expect(await importCommand(folder, environment, said.terminal)).toBe(0);
      expect(said.printed.at(-1)).toMatch(new RegExp(`^\\d+ events and 1 blob imported into ${kind}\\.$`));

      // What the next start does: the other schemas, and the lists from the log.
      await prepareDatabase({ ownerUrl });
      const pool = new pg.Pool({ connectionString: ownerUrl, max: 4 });
      const store = await openEventStore({ eventStoreUrl: log?.url, postgresUrl: ownerUrl, applicationName: 'test' });
      try {
        await caughtUp(store, pool, ownerUrl);
        await caughtUp(api.store, api.pool, api.ownerUrl);
        expect(await readModels(pool)).toEqual(await readModels(api.pool));
        expect((await pool.query('select media_type from blob.content')).rows).toEqual([{ media_type: 'image/png' }]);
        const password = await resetPassword(store, pool, 'ada');
        expect(password).toHaveLength(14);
        expect((await pool.query('select from ops.credential')).rowCount).toBe(1);
        await expect(resetPassword(store, pool, 'nobody')).rejects.toThrow('no such account');
      } finally {
        await store.close();
        await pool.end();
        await log?.dispose();
      }
    },
  );

  it('tells of an archive, and finds what is damaged in it', async () => {
    const { terminal: screen, printed, noted, drawn } = terminal();
    await exportCommand(folder, own(), screen);
    expect(printed[0]).toMatch(/^\d+ events and \d blobs? from Postgres; the archive has /);
    expect(drawn.join('')).toContain('100 %');
    await infoCommand(folder, false, screen);
    expect(printed.join('\n')).toMatch(/format +palimpsest-archive, version 1\ncontent +\d+ events/);
    await infoCommand(folder, true, screen);
    expect(JSON.parse(printed.at(-1) ?? '')).toMatchObject({ format: 'palimpsest-archive', version: 1 });
    const [file = ''] = (await readdir(folder)).filter((name) => name.includes('events'));
    const bytes = await readFile(join(folder, file));
    bytes[100] = (bytes[100] ?? 0) ^ 4;
    await writeFile(join(folder, file), bytes);
    expect(await verifyCommand(folder, screen)).toBe(1);
    expect(noted.at(-1)).toContain(`The file ${file} of the archive is damaged`);
    expect(printed.at(-1)).toBe('1 problem.');
  });

  it('warns when the log is not the one that the lists were built from: EVENTSTORE_URL was forgotten', async () => {
    const log = await createInProcessLog();
    const { terminal: screen, noted } = terminal();
    await exportCommand(folder, { ...own(), EVENTSTORE_URL: log.url }, screen);
    expect(noted[0]).toContain('Is EVENTSTORE_URL set as for "npm start"?');
    await log.dispose();
  });

  it('shows how far the projections are, rebuilds them beside the running api, and refuses what is none', async () => {
    const { terminal: screen, printed, drawn } = terminal();
    await caughtUp(api.store, api.pool, api.ownerUrl);
    const before = await readModels(api.pool);
    expect(await rebuildCommand([], own(), screen)).toBe(0);
    expect(printed).toEqual(
      PROJECTORS.map(({ name, version }) => expect.stringMatching(new RegExp(`^${name}: version ${version} built`))),
    );
    expect(drawn.join('')).toContain('audit ');
    expect(await readModels(api.pool)).toEqual(before);
    await eventually(async () => {
      const second = terminal();
      return (await statusCommand(false, own(), second.terminal)) === 0 && /current/.test(second.printed[0] ?? '');
    }, 'all of them being current');
    await expect(rebuildCommand(['nothing'], own(), screen)).rejects.toThrow('There are: directory, runs, audit');
    await expect(rebuildCommand(['run-queue'], own(), screen)).rejects.toThrow('is a reactor');
  });

  it('says at which event a projection has stopped, and skips that one only', async () => {
    const { position } = await api.store.append(
      'workspace-not-one',
      [
        {
          ...{ id: '6b9f9f0e-6f0f-4b5f-8f0e-3f3f3f3f3f3f', type: 'FileMoved', contentType: 'json' },
          data: Buffer.from('{"file":"no id","from":"a","to":"b"}'),
          metadata: Buffer.from('{"v":1,"actor":{"id":"system","role":"system","via":"system"}}'),
        },
      ],
      { expected: 'any' },
    );
    const stopped = await eventually(async () => {
      const screen = terminal();
      return (await statusCommand(false, own(), screen.terminal)) === 1 && screen.printed;
    }, 'the directory having stopped');
    expect(stopped.join('\n')).toMatch(new RegExp(`directory .*stopped[^]*position ${position} \\(FileMoved`));
    const { terminal: screen, printed } = terminal();
    await expect(skipCommand('directory', '1', 'why', own(), screen)).rejects.toMatchObject({ code: 'skip-refused' });
    expect(await skipCommand('directory', position, 'made by a test', own(), screen)).toBe(0);
    expect(printed[0]).toContain(`leaves out the event at ${position}`);
    await eventually(
      async () => (await statusCommand(false, own(), terminal().terminal)) === 0,
      'the directory going on',
      15_000,
    );
  });

  describe('users import', () => {
    const nobody: Ask = () => Promise.resolve(undefined);
    const saying =
      (answer: string): Ask =>
      () =>
        Promise.resolve(answer);
    let files: string;
    beforeEach(async () => {
      files = await mkdtemp(join(tmpdir(), 'palimpsest-users-'));
    });
    afterEach(() => rm(files, { recursive: true, force: true }));

    async function run(text: string | Buffer, more: object = {}, ask = nobody) {
      const roster = join(files, 'roster.csv');
      await writeFile(roster, text);
      const said = terminal();
      const options = { course: 'introduction to python', passwords: join(files, 'passwords.csv'), ...more };
      const status = await importUsersCommand(roster, options, own(), said.terminal, ask);
      return { status, printed: said.printed.join('\n'), noted: said.noted.join('\n') };
    }
    const passwords = () => readFile(join(files, 'passwords.csv'), 'utf8');

    it('shows what it would do, and writes nothing without a yes', async () => {
      const before = await api.store.head();
      const asked = await run('Login;Vorname;Nachname\nkarl;Karl;Kraus\n9x;Nine;X\n');
      expect(asked.status).toBe(1);
      expect(asked.printed).toContain(
        'columns: username from "Login", firstName from "Vorname", lastName from "Nachname"',
      );
      expect(asked.printed).toMatch(/line 2 +new-account +karl +Karl Kraus · student/);
      expect(asked.printed).toMatch(/line 3 +error +9x +.*is no user name/);
      expect(asked.noted).toContain('repeat the command with --yes');
      expect((await run('login\nkarl\n', {}, saying('y'))).noted).toBe('Nothing was written.');
      expect(await api.store.head()).toBe(before);
      await expect(passwords()).rejects.toThrow('ENOENT');
    });

    it('does it with a yes: passwords in a file of its owner alone, which work once; again it changes nothing', async () => {
      const { status, printed } = await run('login,name\nlena,"=Lena, L"\n', {}, saying('yes'));
      expect(status).toBe(0);
      expect(printed).toContain('1 first password in');
      expect((await stat(join(files, 'passwords.csv'))).mode & 0o777).toBe(0o600);
      const [, row = ''] = (await passwords()).split('\r\n');
      const password = /^lena,"'=Lena, L",([a-z2-9]{14})$/.exec(row)?.[1] ?? '';
      expect(printed).not.toContain(password);
      const signedIn = await eventually(async () => {
        const answer = await api.call('POST', '/api/auth/sign-in', { body: { username: 'lena', password } });
        return answer.status === 200 && answer;
      }, 'Lena signing in');
      expect(signedIn.body['user']).toMatchObject({ mustChangePassword: true });
      const before = await api.store.head();
      const again = await run('login,name\nlena,"=Lena, L"\n', { yes: true, passwords: join(files, 'others.csv') });
      expect(again.printed).toContain('There is nothing to change.');
      expect(await api.store.head()).toBe(before);
      expect(await readdir(files)).not.toContain('others.csv');
    });

    it('overwrites no file of passwords, and then makes no account', async () => {
      await writeFile(join(files, 'passwords.csv'), 'of somebody');
      const before = await api.store.head();
      await expect(run('login\nmia\n', { yes: true })).rejects.toThrow('EEXIST');
      expect(await api.store.head()).toBe(before);
      expect(await passwords()).toBe('of somebody');
    });

    it('takes columns and delimiters as they are given, and removes who is missing only when told', async () => {
      const column = readColumn('username=Who', readColumn('name=', {}));
      const kept = await run('Who|x\nada\n'.replace('|', ';'), { column, delimiter: ';', yes: true });
      expect(kept.printed).not.toContain('removed   ');
      const { printed } = await run('Who;x\nada\n', { column, delimiter: ';', removeMissing: true });
      expect(printed).toMatch(/removed +ben +Ben · student · not in the file/);
      expect([readDelimiter('tab'), readDelimiter(';')]).toEqual(['\t', ';']);
      expect(() => readDelimiter('|')).toThrow('a comma, a semicolon, or the word tab');
      expect(() => readColumn('shoe=Who', {})).toThrow('<field>=<name of the column>');
    });

    it('says which courses there are, and what is wrong with a file', async () => {
      await expect(run('login\nada\n', { course: 'Python 9' })).rejects.toThrow('Introduction to Python');
      await expect(run(Buffer.from('login\nJos\xe9\n', 'latin1'))).rejects.toThrow('not UTF-8');
    });
  });

  describe('export', () => {
    const key = { IDE_SECRET_KEY: 'a key for tests that is long enough' };
    const read = (...path: string[]) => readFile(join(folder, ...path), 'utf8');
    const course = 'introduction to python';
    const workspaceId = async () => (await api.workspace(await api.signIn('ada'), /Pair/)).id;

    it('writes a dataset with the pseudonyms of the page into a new folder, and records it', async () => {
      const { terminal: screen, printed } = terminal();
      const options = { course, out: folder, mode: 'strict' } as const;
      expect(await progSnap2Command(options, { ...own(), ...key }, screen)).toBe(0);
      expect(printed[0]).toMatch(/^\d+ rows of Introduction to Python in .*\(ProgSnap2, strict\)\.$/);
      const main = await read('MainTable.csv');
      expect(main).toContain('File.Rename');
      const [{ id = '' } = {}] = (await api.pool.query<{ id: string }>('select id from read.course')).rows;
      const token = await api.signIn('hopper');
      const answer = await fetch(`http://${api.address}/api/courses/${id}/exports/progsnap2`, {
        headers: { authorization: `Bearer ${token}` },
      });
      const zip = readZip(Buffer.from(await answer.arrayBuffer()));
      const page = zip.find(({ name }) => name === 'MainTable.csv')?.bytes.toString('utf8') ?? '';
      const subjects = (table: string) => new Set(table.split('\r\n').map((line) => line.split(',')[3]));
      expect(subjects(main).size).toBeGreaterThan(2);
      for (const subject of subjects(main)) expect(subjects(page)).toContain(subject);
      expect(await readdir(folder)).toEqual(expect.arrayContaining(['CodeStates.csv', 'LinkTables', 'README.md']));
      await expect(progSnap2Command(options, own(), terminal().terminal)).rejects.toThrow('EEXIST');
      const recorded = [];
      for await (const event of api.store.readAll({ filter: { typePrefixes: ['ExportFinished'] } }))
        recorded.push(JSON.parse(Buffer.from(event.data).toString()) as { bytes: number });
      expect(recorded.map(({ bytes }) => bytes)).toContain(Buffer.byteLength(main));
    });

    it('writes a bundle of a workspace, and events with a manifest', async () => {
      const workspace = await workspaceId();
      const { terminal: screen, printed } = terminal();
      expect(await gitCommand({ workspace, out: folder }, own(), screen)).toBe(0);
      expect((await readFile(folder)).subarray(0, 16).toString()).toBe('# v2 git bundle\n');
      expect(printed[0]).toMatch(/^\d+ commits? in .*git clone/);
      await rm(folder);
      expect(await jsonlCommand({ workspace, out: folder }, own(), screen)).toBe(0);
      const lines = (await read('events.jsonl')).trim().split('\n');
      expect(JSON.parse(await read('manifest.json'))).toMatchObject({ count: lines.length, reduced: 0 });
      expect(printed[1]).toContain(`${lines.length} events`);
    });

    it('says what there is where a name leads nowhere', async () => {
      const { terminal: screen } = terminal();
      await expect(jsonlCommand({ course: 'x', out: folder }, own(), screen)).rejects.toThrow('Introduction to Python');
      await expect(gitCommand({ workspace: 'x', out: folder }, own(), screen)).rejects.toThrow('no workspace');
      const wrong = { course, out: folder, from: 'yesterday' };
      await expect(progSnap2Command(wrong, own(), screen)).rejects.toThrow('"yesterday" is no moment');
    });
  });

  it('without a database says so in one line', async () => {
    await expect(statusCommand(false, {}, terminal().terminal)).rejects.toThrow('OWNER_DATABASE_URL is not set');
  });
});
