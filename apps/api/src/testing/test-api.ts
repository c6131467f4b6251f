import type { AddressInfo } from 'node:net';
import type { Server } from 'node:http';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { createPostgresEventStore, type EventStore } from '@palimpsest/event-store';
import type { CourseDto, FileDto, SignedInDto, WorkspaceDto, WorkspaceSummaryDto } from '@palimpsest/protocol';
import { ReadModels } from '@palimpsest/projections';
import { createTestDatabase, eventually, templateDatabase, type TestDatabase } from '@palimpsest/test-support';
import pg from 'pg';
import { Accounts } from '../auth/accounts.js';
import { Credentials } from '../auth/credentials.js';
import { CommandHandler } from '../commands/command-handler.js';
import { createApp } from '../create-app.js';
import { type FirstAccount, firstAccounts } from '../installation/first-accounts.js';
import { prepareDatabase } from '../installation/prepare-database.js';
import { firstPeople, Seeding } from '../installation/seed.js';

export { readZip } from './read-zip.js';

export interface Answer<Body> {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Body;
}

/** The role of the api, not the owner: what it may not do must be missed here already. */
const ROLE = { name: 'api_under_test', password: 'secret' };
/** A database as `npm start` leaves it before the api starts for the first time, made once and copied. */
const TEMPLATE = 'template_api';

function ofApi(ownerUrl: string): string {
  return ownerUrl.replace(/\/\/[^@]*@/, `//${ROLE.name}:${ROLE.password}@`);
}

/** The whole api with the demo course on a database of its own, on a free port. For tests. */
export class TestApi {
  readonly app: NestExpressApplication;
  readonly address: string;
  readonly store: EventStore;
  readonly pool: pg.Pool;
  /** Of the api's role. */
  readonly databaseUrl: string;
  /** Of the database's owner, for what the api may not do: rebuilds. */
  readonly ownerUrl: string;
  readonly #database: TestDatabase;
  /** Other nodes use the database of the first, which drops it. */
  readonly #isFirst: boolean;
  readonly #accounts: readonly FirstAccount[];
  #closed = false;

  private constructor(
    app: NestExpressApplication,
    database: TestDatabase,
    databaseUrl: string,
    accounts: readonly FirstAccount[],
    isFirst: boolean,
  ) {
    this.app = app;
    this.#isFirst = isFirst;
    this.#database = database;
    this.databaseUrl = databaseUrl;
    this.ownerUrl = database.url;
    this.#accounts = accounts;
    const { port } = (app.getHttpServer() as Server).address() as AddressInfo;
    this.address = `127.0.0.1:${port}`;
    this.store = createPostgresEventStore({ connectionString: databaseUrl });
    this.pool = new pg.Pool({ connectionString: databaseUrl, max: 2 });
    // Dropping the database may be faster than the goodbye of a connection that nobody uses.
    this.pool.on('error', () => undefined);
  }

  static async start(): Promise<TestApi> {
    const accounts = await templateDatabase(TEMPLATE, async (ownerUrl) => {
      await prepareDatabase({ ownerUrl, api: ROLE });
      await buildReadModels(ofApi(ownerUrl), ownerUrl);
      return seedDemo(ofApi(ownerUrl));
    });
    const database = await createTestDatabase(TEMPLATE);
    return TestApi.#listen(database, ofApi(database.url), accounts, true);
  }

  /** Another api on the same database, as a second process would be. Stop it before this one. `settings`: of its environment. */
  anotherNode(settings: Readonly<Record<string, string>> = {}): Promise<TestApi> {
    return TestApi.#listen(this.#database, this.databaseUrl, this.#accounts, false, settings);
  }

  static async #listen(
    database: TestDatabase,
    databaseUrl: string,
    accounts: readonly FirstAccount[],
    isFirst: boolean,
    settings: Readonly<Record<string, string>> = {},
  ): Promise<TestApi> {
    process.env['DATABASE_URL'] = databaseUrl;
    process.env['IDE_SECRET_KEY'] = 'a key for tests that is long enough';
    // Suites run and make more than a person does; what is about the limits sets them itself.
    for (const kind of ['RUNS', 'FILE_OPERATIONS', 'SIGN_INS', 'ANONYMOUS'])
      process.env[`${kind}_PER_MINUTE`] ??= '100000';
    Object.assign(process.env, settings);
    const app = await createApp();
    await app.listen(0, '127.0.0.1');
    const api = new TestApi(app, database, databaseUrl, accounts, isFirst);
    await eventually(async () => (await api.call('GET', '/api/health')).status === 200, 'the api');
    // Whoever signs in before the directory knows them has failed once, and five times is too often.
    await eventually(async () => {
      const { rowCount } = await api.pool.query('select from read.person');
      return (rowCount ?? 0) >= accounts.length;
    }, 'the directory knowing everybody');
    return api;
  }

  /** Ends the api and leaves its database. */
  async close(): Promise<void> {
    if (!this.#closed) await this.app.close();
    this.#closed = true;
  }

  async stop(): Promise<void> {
    await this.close();
    await this.store.close();
    await this.pool.end();
    if (this.#isFirst) await this.#database.drop();
  }

  async call<Body = Record<string, unknown>>(
    method: string,
    path: string,
    options: { token?: string; body?: unknown; headers?: Record<string, string> } = {},
  ): Promise<Answer<Body>> {
    const { token, body, headers } = options;
    const response = await fetch(`http://${this.address}${path}`, {
      method,
      headers: {
        ...(body !== undefined && { 'content-type': 'application/json' }),
        ...(token !== undefined && { authorization: `Bearer ${token}` }),
        ...headers,
      },
      ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    });
    const text = await response.text();
    return { status: response.status, headers: response.headers, body: (text === '' ? {} : JSON.parse(text)) as Body };
  }

  password(username: string): string {
    return this.#accounts.find((account) => account.username === username)?.password ?? '';
  }

  /** Token of a signed-in person. The read models may need a moment after the start. */
  async signIn(username: string): Promise<string> {
    const answer = await eventually(async () => {
      const body = { username, password: this.password(username) };
      const tried = await this.call<SignedInDto>('POST', '/api/auth/sign-in', { body });
      return tried.status === 200 && tried;
    }, `${username} signing in`);
    return answer.body.accessToken;
  }

  /** A workspace of the demo course as this person sees it. */
  async workspace(token: string, name: RegExp): Promise<WorkspaceDto> {
    const summary = await eventually(
      async () => {
        const { body } = await this.call<CourseDto[]>('GET', '/api/courses', { token });
        return body[0]?.workspaces.find((workspace: WorkspaceSummaryDto) => name.test(workspace.name));
      },
      `the workspace ${String(name)}`,
    );
    return eventually(async () => {
      const { body } = await this.call<WorkspaceDto>('GET', `/api/workspaces/${summary.id}`, { token });
      return body.files.length > 0 && body;
    }, 'its files');
  }

  async file(token: string, workspace: RegExp): Promise<FileDto> {
    const [file] = (await this.workspace(token, workspace)).files;
    if (!file) throw new Error('the workspace is empty');
    return file;
  }
}

/** The tables of read models that are not of their first version, as at every start of the product. */
async function buildReadModels(databaseUrl: string, ownerUrl: string): Promise<void> {
  const store = createPostgresEventStore({ connectionString: databaseUrl });
  const pool = new pg.Pool({ connectionString: databaseUrl, max: 2 });
  await new ReadModels(store, pool, databaseUrl).rebuildOutdated({ ownerUrl });
  await store.close();
  await pool.end();
}

async function seedDemo(databaseUrl: string): Promise<readonly FirstAccount[]> {
  const store = createPostgresEventStore({ connectionString: databaseUrl });
  const pool = new pg.Pool({ connectionString: databaseUrl, max: 2 });
  const folder = mkdtempSync(join(tmpdir(), 'palimpsest-accounts-'));
  try {
    const accounts = firstAccounts(join(folder, 'first-accounts.json'), firstPeople(true));
    const commands = new CommandHandler(store);
    await new Seeding(new Accounts(commands, new Credentials(pool)), commands, store, accounts).seed(true);
    return accounts;
  } finally {
    rmSync(folder, { recursive: true, force: true });
    await pool.end();
    await store.close();
  }
}
