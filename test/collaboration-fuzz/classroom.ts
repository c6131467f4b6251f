import { randomUUID } from 'node:crypto';
import { TestApi } from '@palimpsest/api/testing';
import { createPostgresEventStore, type EventStore } from '@palimpsest/event-store';
import type { FileDto, WorkspaceDto } from '@palimpsest/protocol';
import { eventually } from '@palimpsest/test-support';
import pg from 'pg';

/** Who may write to the files of the course's workspace, and who may only read them. */
export const PEOPLE = ['ada', 'ben', 'chloe', 'hopper'];
export const READERS = ['auditor'];

/** The demo course with people who are signed in, and a way to the log and the database that no fault of a round touches. */
export class Classroom {
  readonly api: TestApi;
  /** Tokens of the sessions by name. */
  readonly sessions: ReadonlyMap<string, string>;
  readonly store: EventStore;
  readonly #owner: pg.Pool;
  readonly #workspace: string;

  private constructor(api: TestApi, sessions: ReadonlyMap<string, string>, workspace: string) {
    this.api = api;
    this.sessions = sessions;
    this.#workspace = `/api/workspaces/${workspace}`;
    this.store = createPostgresEventStore({ connectionString: api.ownerUrl });
    this.#owner = new pg.Pool({ connectionString: api.ownerUrl, max: 1 });
  }

  static async start(): Promise<Classroom> {
    const api = await TestApi.start();
    const names = [...PEOPLE, ...READERS];
    const sessions = new Map(await Promise.all(names.map(async (name) => [name, await api.signIn(name)] as const)));
    const { id } = await api.workspace(sessions.get('ada') ?? '', /Pair/);
    return new Classroom(api, sessions, id);
  }

  async stop(): Promise<void> {
    await this.store.close();
    await this.#owner.end();
    await this.api.stop();
  }

  /** An empty file, whose stream does not exist yet, when every node knows of it. */
  async newFile(addresses: readonly string[]): Promise<string> {
    const token = this.sessions.get('hopper') ?? '';
    const body = { path: `fuzz/${randomUUID()}.py`, text: '' };
    const { id } = (await this.api.call<FileDto>('POST', `${this.#workspace}/files`, { token, body })).body;
    for (const address of addresses) await eventually(() => this.#isKnown(id, address, token), 'the file being known');
    return id;
  }

  async #isKnown(file: string, address: string, token: string): Promise<boolean> {
    const answer = await fetch(`http://${address}${this.#workspace}`, {
      headers: { authorization: `Bearer ${token}` },
    });
    return ((await answer.json()) as WorkspaceDto).files.some(({ id }) => id === file);
  }

  /** Ends the connections of all nodes to Postgres: they are those of the api's role. The way of awareness has its own test. */
  async cutStore(): Promise<void> {
    await this.#owner.query(
      `select pg_terminate_backend(pid) from pg_stat_activity
       where datname = current_database() and usename <> current_user and application_name not like '% awareness'`,
    );
  }
}
