import { createHash } from 'node:crypto';
import {
  type Actor,
  asId,
  type DomainEvent,
  type EditOrigin,
  encodeEvent,
  encodeFileEdited,
  type EventMetadata,
  FILE_EDITED,
  type Role,
  TEXT_ROOT,
  toJsonBytes,
} from '@palimpsest/domain';
import { type EventStore, createPostgresEventStore, migratePostgresEventStore } from '@palimpsest/event-store';
import { createTestDatabase, type TestDatabase } from '@palimpsest/test-support';
import * as Y from 'yjs';
import type { CourseScope, ScopedFile, ScopedRun, ScopedSession, ScopedWorkspace } from '../scope.js';

/** A UUID that follows from its name, so that a lesson is the same each time. */
export function uuid(name: string): string {
  const hex = createHash('sha256').update(name).digest('hex');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-8${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}

const BEGIN = Date.UTC(2026, 8, 1, 8);

/** A made-up lesson in a log of its own, with times as the test says. */
export class Lesson {
  readonly course = uuid('course');
  /** Milliseconds since 1970. */
  now = BEGIN;
  readonly workspaces: ScopedWorkspace[] = [];
  readonly files: ScopedFile[] = [];
  readonly runs: ScopedRun[] = [];
  readonly sessions: ScopedSession[] = [];
  readonly #revisions = new Map<string, bigint>();
  readonly #docs = new Map<string, Y.Doc>();
  readonly #roles = new Map<string, Role>();
  #count = 0;

  private constructor(
    readonly store: EventStore,
    readonly database: TestDatabase,
  ) {}

  static async begin(): Promise<Lesson> {
    const database = await createTestDatabase();
    await migratePostgresEventStore(database.url);
    return new Lesson(createPostgresEventStore({ connectionString: database.url }), database);
  }

  async end(): Promise<void> {
    await this.store.close();
    await this.database.drop();
  }

  person(name: string, role: Role = 'student'): string {
    this.#roles.set(uuid(name), role);
    return uuid(name);
  }

  wait(seconds: number): this {
    this.now += seconds * 1_000;
    return this;
  }

  actor(name: string, via: Actor['via'] = 'web'): Actor {
    if (name === 'system') return { id: 'system', role: 'system', via: 'system' };
    return { id: uuid(name), role: this.#roles.get(uuid(name)) ?? 'student', via };
  }

  async record(stream: string, by: Actor, event: DomainEvent, more: Partial<EventMetadata> = {}): Promise<void> {
    await this.#append(stream, encodeEvent(event, { actor: by, ...more }));
  }

  async open(name: string, owner: string, more: Partial<ScopedWorkspace> = {}): Promise<string> {
    const id = uuid(name);
    const workspace: ScopedWorkspace = {
      ...{ id, kind: 'personal', owner: uuid(owner), name, item: null, group: null, openedAt: new Date(this.now) },
      ...more,
    };
    this.workspaces.push(workspace);
    const { kind, item, group } = workspace;
    await this.record(`workspace-${id}`, this.actor(owner), {
      type: 'WorkspaceOpened',
      data: {
        ...{ id: asId(id), kind, course: asId(this.course), owner: asId(uuid(owner)), name },
        ...(item !== null && { item: asId(item) }),
        ...(group !== null && { group }),
      },
    });
    return id;
  }

  async create(workspace: string, path: string, by: string, kind: ScopedFile['kind'] = 'text'): Promise<string> {
    const id = uuid(`${workspace} ${path} ${this.#count}`);
    this.files.push({ id, workspace, kind, createdAt: new Date(this.now) });
    await this.record(`workspace-${workspace}`, this.actor(by), {
      type: 'FileCreated',
      data: { file: asId(id), path, ...(kind === 'binary' && { kind }) },
    });
    return id;
  }

  /** A file whose content is in the log before it is, as copies and uploads have it. */
  async upload(workspace: string, path: string, by: string, text: string): Promise<string> {
    const id = uuid(`${workspace} ${path} ${this.#count}`);
    await this.edit(id, by, (shared) => shared.insert(0, text), 'server');
    this.files.push({ id, workspace, kind: 'text', createdAt: new Date(this.now) });
    const data = { file: asId<never>(id), path };
    await this.record(`workspace-${workspace}`, this.actor(by), { type: 'FileCreated', data });
    return id;
  }

  /** One update of this person. */
  async edit(file: string, by: string, change: (text: Y.Text) => void, origin: EditOrigin = 'live'): Promise<void> {
    const doc = this.#docs.get(file) ?? new Y.Doc();
    this.#docs.set(file, doc);
    doc.clientID = Number.parseInt(uuid(`${file} ${by}`).slice(0, 7), 16);
    const before = Y.encodeStateVector(doc);
    doc.transact(() => change(doc.getText(TEXT_ROOT)));
    const update = Y.encodeStateAsUpdate(doc, before);
    await this.#append(`file-${file}`, {
      type: FILE_EDITED,
      contentType: 'binary',
      data: encodeFileEdited({ startedAt: this.now, edits: [{ ms: 0, origin, update }] }),
      metadata: toJsonBytes({ v: 1, actor: this.actor(by, origin === 'server' ? 'web' : 'websocket') }),
    });
  }

  text(file: string): string {
    return this.#docs.get(file)?.getText(TEXT_ROOT).toString() ?? '';
  }

  revision(file: string): string | null {
    return this.#revisions.get(`file-${file}`)?.toString() ?? null;
  }

  /** A script of one file that has been run, with the events in between. */
  async run(
    name: string,
    workspace: string,
    by: string,
    files: Readonly<Record<string, string>>,
    events: DomainEvent[],
  ) {
    const id = uuid(name);
    this.runs.push({ id, workspace, requestedAt: new Date(this.now) });
    const [entry = ''] = Object.keys(files);
    await this.record(`run-${id}`, this.actor(by), {
      type: 'RunRequested',
      data: {
        ...{ id: asId(id), workspace: asId(workspace), course: asId(this.course), by: asId(uuid(by)) },
        ...{ mode: 'script', entry, columns: 80, rows: 24 },
        files: Object.entries(files).map(([path, file]) => ({
          ...{ file: asId<never>(file), path, revision: this.revision(file) },
        })),
      },
    });
    await this.record(`run-${id}`, this.actor('system'), {
      type: 'RunStarted',
      data: { executor: 'e', attempt: 'a', sandbox: 'full', startedAt: this.now },
    });
    for (const event of events) await this.record(`run-${id}`, this.actor('system'), event);
    return id;
  }

  async signIn(name: string): Promise<string> {
    const stream = `session-${uuid(`session of ${name} ${this.#count}`)}`;
    this.sessions.push({ stream, person: uuid(name), openedAt: new Date(this.now) });
    const data = { user: uuid(name), userAgent: 'Firefox' };
    await this.record(stream, this.actor(name), { type: 'SignedIn', data }, { address: '203.0.113.9' });
    return stream;
  }

  scope(more: Partial<CourseScope> = {}): CourseScope {
    const { course, workspaces, files, runs, sessions } = this;
    const people = [...this.#roles].map(([id, role]) => ({
      ...{ id, role, username: `user-${id.slice(0, 4)}`, displayName: `Person ${id.slice(0, 4)}` },
    }));
    return {
      ...{ course, createdAt: new Date(BEGIN), workspaces, files, runs, sessions, people, items: [], groups: [] },
      ...more,
    };
  }

  async #append(stream: string, event: Omit<Parameters<EventStore['append']>[1][number], 'id'>): Promise<void> {
    const revision = (this.#revisions.get(stream) ?? -1n) + 1n;
    this.#revisions.set(stream, revision);
    const id = uuid(`event ${this.#count++}`);
    await this.store.importEvents([{ ...event, id, stream, revision, recordedAt: new Date(this.now) }]);
    this.now += 1;
  }
}

/** How a run ended, in one event. */
export function exited(code: number): DomainEvent {
  const usage = { wallMs: 5, cpuMs: 5, outputBytes: 0 };
  return { type: 'RunFinished', data: { outcome: { kind: 'exited', code }, usage } };
}
