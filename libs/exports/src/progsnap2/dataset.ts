/**
 * Theory of operation. The streams of a course are read in the order of the log, once. Each event becomes the rows of the main
 * table that it is; the texts of files are kept up with their edits, so that an edit can say what it deleted and where, in
 * code points. A code state is taken of a workspace when a run or a hand-in refers to one, and when nobody has edited it for
 * half a minute: one for each edit would make the export grow with the square of the work. Rows name the state that was
 * taken last; what was edited since is in the File.Edit rows in between.
 *
 * The main table is given line by line while it comes into being; the other files grow in a folder meanwhile.
 */
import type { RecordedDocuments } from '@palimpsest/documents';
import {
  type Actor,
  type ConnectionClosed,
  type ConnectionOpened,
  FILE_EDITED,
  partsOfStream,
  readEvent,
  readMetadata,
  type RunRequested,
  type WorkspaceEvent,
} from '@palimpsest/domain';
import type { EventStore, RecordedEvent } from '@palimpsest/event-store';
import { csvRecord } from '../csv.js';
import type { ExportFolder } from '../export-folder.js';
import { FileTexts } from '../file-texts.js';
import { inLogOrder, type Source } from '../in-log-order.js';
import { Pseudonyms } from '../pseudonyms.js';
import { readRunAccount, type RunAccount } from '../run-account.js';
import type { CourseScope } from '../scope.js';
import { CODE_STATES_HEAD, codeState, codeStateRecords, type Section } from './code-states.js';
import { type Cells, type Column, columnsOf, type EventType, type Mode } from './columns.js';
import { editCells, initiatorOf } from './edit-rows.js';
import { runRows } from './run-rows.js';
import { type LinkedPerson, writeSideFiles } from './side-files.js';
import { workspaceRow } from './workspace-rows.js';
import { WorkspaceTrace } from './workspace-trace.js';

/** So long nobody edits a workspace, milliseconds, until its state is taken (File.Save by the tool). */
export const SAVE_AFTER_MS = 30_000;

export interface ProgSnap2Options {
  readonly store: EventStore;
  readonly documents: RecordedDocuments;
  readonly scope: CourseScope;
  readonly mode: Mode;
  /** Rows from here on and before there; the texts are right all the same. */
  readonly from?: Date | undefined;
  readonly until?: Date | undefined;
  /** Whether the link table says who the subjects are. */
  readonly identified: boolean;
  /** Secret from which the pseudonyms are made. */
  readonly key: Uint8Array;
  /** Version of Palimpsest. */
  readonly version: string;
  readonly signal?: AbortSignal | undefined;
}

interface NewRow {
  readonly type: EventType;
  readonly cells: Cells;
  /** Index of its parent among the rows that are written with it. */
  readonly parent?: number | undefined;
}

/** Whose row it is and when. */
interface Occasion {
  readonly event: string;
  readonly at: number;
  readonly subject: string;
  readonly trace?: WorkspaceTrace | undefined;
  readonly clientTime?: number | undefined;
  readonly session?: string | undefined;
}

/** One dataset of a course in ProgSnap2 v1.0. Made for one use. */
export class ProgSnap2Dataset {
  readonly #columns: readonly Column[];
  readonly #places: ReadonlyMap<string, number>;
  readonly #texts: FileTexts;
  readonly #ids: Pseudonyms;
  readonly #traces: ReadonlyMap<string, WorkspaceTrace>;
  readonly #workspaceOf: ReadonlyMap<string, string>;
  /** When the state of a workspace is to be taken, the next one first: each is as far away when it is entered. */
  readonly #due = new Map<WorkspaceTrace, number>();
  readonly #states = new Set<string>();
  readonly #subjects = new Map<string, LinkedPerson>();
  #lines: string[] = [];
  #rows = 0;

  constructor(
    private readonly options: ProgSnap2Options,
    private readonly folder: ExportFolder,
  ) {
    const { scope, mode, documents, key } = options;
    this.#columns = columnsOf(mode);
    this.#places = new Map(this.#columns.map((column, place) => [column, place]));
    this.#texts = new FileTexts(documents);
    this.#ids = new Pseudonyms(key, scope.course);
    const taught = scope.workspaces.filter(({ kind }) => kind !== 'material');
    this.#traces = new Map(taught.map((workspace) => [workspace.id, new WorkspaceTrace(workspace)]));
    this.#workspaceOf = new Map(scope.files.map(({ id, workspace }) => [id, workspace]));
    for (const person of scope.people) this.#subjects.set(person.id, person);
  }

  /** Rows of the main table so far. */
  get rows(): number {
    return this.#rows;
  }

  /** MainTable.csv in pieces. When it has ended, the folder holds all other files. */
  async *mainTable(): AsyncGenerator<string> {
    const { store, signal, until } = this.options;
    try {
      yield csvRecord(this.#columns);
      await this.folder.append('CodeStates.csv', CODE_STATES_HEAD);
      for await (const event of inLogOrder(store, this.#sources(), signal)) {
        if (until && event.recordedAt >= until) break;
        await this.#saveUpTo(event.recordedAt.getTime());
        await this.#take(event);
        yield* this.#written();
      }
      await this.#saveUpTo(Number.POSITIVE_INFINITY);
      yield* this.#written();
      await writeSideFiles(this.folder, { ...this.options, ids: this.#ids, subjects: [...this.#subjects.values()] });
    } finally {
      this.#texts.dispose();
      await this.folder.close();
    }
  }

  #sources(): Source[] {
    const { workspaces, files, runs, sessions } = this.options.scope;
    const isTaught = ({ workspace }: { workspace: string }) => this.#traces.has(workspace);
    return [
      ...workspaces
        .filter(({ id }) => this.#traces.has(id))
        .map(({ id, openedAt }) => ({ stream: `workspace-${id}`, since: openedAt })),
      ...files
        .filter((file) => file.kind === 'text' && isTaught(file))
        .map(({ id, createdAt }) => ({ stream: `file-${id}`, since: createdAt })),
      ...runs.filter(isTaught).map(({ id, requestedAt }) => ({ stream: `run-${id}`, since: requestedAt, limit: 1 })),
      ...sessions.map(({ stream, openedAt }) => ({ stream, since: openedAt })),
      ...(this.options.mode === 'extended' ? this.#auditSources() : []),
    ];
  }

  /** The streams of the months since the course began: limits that were reached are recorded there. */
  #auditSources(): Source[] {
    const { createdAt } = this.options.scope;
    const sources: Source[] = [];
    const month = new Date(Date.UTC(createdAt.getUTCFullYear(), createdAt.getUTCMonth()));
    for (; month.getTime() <= Date.now(); month.setUTCMonth(month.getUTCMonth() + 1))
      sources.push({ stream: `audit-${month.toISOString().slice(0, 7)}`, since: new Date(month) });
    return sources;
  }

  *#written(): Generator<string> {
    if (this.#lines.length === 0) return;
    const lines = this.#lines;
    this.#lines = [];
    yield lines.join('');
  }

  async #take(event: RecordedEvent): Promise<void> {
    const { category, id } = partsOfStream(event.stream);
    if (category === 'file') return this.#takeContent(event, id);
    if (category === 'workspace') return this.#takeTree(event, this.#traces.get(id));
    if (category === 'run') return this.#takeRun(event, (readEvent(event) as RunRequested).data);
    if (category !== 'session') this.#takeLimit(event);
    else if (event.type === 'ConnectionOpened' || event.type === 'ConnectionClosed') await this.#takeConnection(event);
    else this.#takeSession(event, id);
  }

  // The tree

  async #takeTree(recorded: RecordedEvent, trace: WorkspaceTrace | undefined): Promise<void> {
    if (!trace) return;
    const event = readEvent(recorded) as WorkspaceEvent;
    const { actor } = readMetadata(recorded);
    await this.#begin(trace, recorded);
    if (event.type === 'WorkHandedIn') await this.#takeHandIn(recorded, event.data, trace);
    const row = workspaceRow(event, trace, actor);
    if (row?.type === 'Project.Open')
      this.#write(this.#occasion(recorded, trace), [{ ...row, cells: { ProjectID: this.#project(trace) } }]);
    else if (row) this.#write(this.#occasion(recorded, trace), [row]);
    trace.evolve(event);
    if (event.type === 'FileCreated') await this.#takeEarly(event.data.file, trace);
  }

  async #takeEarly(file: string, trace: WorkspaceTrace): Promise<void> {
    const early = trace.early.get(file) ?? [];
    trace.early.delete(file);
    for (const event of early) await this.#takeContent(event, file);
  }

  async #takeHandIn(
    recorded: RecordedEvent,
    { by, files }: Extract<WorkspaceEvent, { type: 'WorkHandedIn' }>['data'],
    trace: WorkspaceTrace,
  ): Promise<void> {
    if (!this.#isWanted(recorded.recordedAt.getTime())) return;
    const texts = files.filter(({ kind }) => kind === 'text');
    await this.#setState(trace, await this.#sections(texts));
    this.#write({ ...this.#occasion(recorded, trace), subject: by }, [{ type: 'Submit', cells: {} }]);
  }

  // Texts

  async #takeContent(recorded: RecordedEvent, file: string): Promise<void> {
    const trace = this.#traces.get(this.#workspaceOf.get(file) ?? '');
    if (!trace || recorded.type !== FILE_EDITED) return;
    const path = trace.pathOf(file);
    if (path === undefined) {
      trace.early.set(file, [...(trace.early.get(file) ?? []), recorded]);
      return;
    }
    await this.#begin(trace, recorded);
    const { actor } = readMetadata(recorded);
    const occasion = this.#occasion(recorded, trace);
    const edits = await this.#texts.apply(file, recorded);
    for (const [n, edit] of edits.entries()) {
      const rows = editCells(edit, path, actor).map((cells, k) => ({
        ...{ type: 'File.Edit' as const, cells, parent: k > 0 ? 0 : undefined },
      }));
      this.#write({ ...occasion, event: `${recorded.id} ${n}`, at: edit.at }, rows);
    }
    trace.unsaved.set(file, { event: recorded.id, actor });
    this.#due.delete(trace);
    this.#due.set(trace, recorded.recordedAt.getTime() + SAVE_AFTER_MS);
  }

  /** Takes the states of the workspaces that nobody has edited for long enough by then. */
  async #saveUpTo(now: number): Promise<void> {
    for (const [trace, due] of this.#due) {
      if (due > now) return;
      this.#due.delete(trace);
      await this.#save(trace, due);
    }
  }

  async #save(trace: WorkspaceTrace, at: number): Promise<void> {
    const unsaved = [...trace.unsaved];
    trace.unsaved.clear();
    if (!this.#isWanted(at)) return;
    await this.#setState(trace, await this.#sections(trace.texts()));
    for (const [file, { event, actor }] of unsaved) {
      const cells = { CodeStateSection: trace.pathOf(file) ?? '', EventInitiator: 'ToolTimedEvent' };
      const subject = subjectOf(actor, trace);
      this.#write({ event: `${event} save`, at, subject, trace }, [{ type: 'File.Save', cells }]);
    }
  }

  // Runs

  async #takeRun(recorded: RecordedEvent, request: RunRequested['data']): Promise<void> {
    const trace = this.#traces.get(request.workspace);
    const at = recorded.recordedAt.getTime();
    if (!trace || !this.#isWanted(at)) return;
    await this.#begin(trace, recorded);
    const sections = await this.#sections(request.files.filter(({ file }) => !trace.isBinary(file)));
    await this.#setState(trace, sections);
    const account = await readRunAccount(this.options.store, request.id);
    const execution = this.#ids.of('run', request.id);
    const resources = await this.#writeResources(execution, account);
    const textOf = (path: string) => sections.find((section) => section.path === path)?.text;
    const rows = runRows({ request, account, execution, textOf, resources });
    const first = this.#write({ ...this.#occasion(recorded, trace), subject: request.by }, rows);
    if (first !== undefined && this.options.mode === 'extended')
      await this.#link(execution, request, account, first + rows.findIndex(({ type }) => type === 'Run.Program'));
  }

  async #writeResources(execution: string, { input, output, errors }: RunAccount) {
    const resources: { input?: string; output?: string; errors?: string } = {};
    const put = async (name: keyof typeof resources, kind: string, text: string) => {
      if (text === '') return;
      const path = `Resources/${execution}-${kind}.txt`;
      await this.folder.write(path, text);
      resources[name] = path;
    };
    await put('input', 'stdin', input);
    await put('output', 'stdout', output);
    await put('errors', 'stderr', errors.map(({ traceback }) => traceback).join('\n'));
    return resources;
  }

  async #link(execution: string, request: RunRequested['data'], account: RunAccount, order: number): Promise<void> {
    const path = 'LinkTables/LinkExecution.csv';
    if (!this.folder.paths.includes(path))
      await this.folder.append(
        path,
        csvRecord(['ExecutionID', 'Order', 'ProjectID', 'CodeStateSection', 'Mode', 'X-Outcome']),
      );
    const { entry, mode } = request;
    const project = this.#ids.of('workspace', request.workspace);
    const outcome = account.outcome?.kind ?? account.script?.kind ?? '';
    await this.folder.append(path, csvRecord([execution, order, project, entry ?? '', mode, outcome]));
  }

  // People

  #takeSession(recorded: RecordedEvent, session: string): void {
    const { type } = recorded;
    const isStart = type === 'SignedIn';
    if (!isStart && type !== 'SignedOut' && type !== 'SessionExpired' && type !== 'SessionRevoked') return;
    const event = readEvent(recorded) as { readonly data: { readonly user: string } };
    const cells = { SessionID: this.#ids.often('session', session) };
    this.#write({ ...this.#occasion(recorded), subject: event.data.user }, [
      { type: isStart ? 'Session.Start' : 'Session.End', cells },
    ]);
  }

  /** A file of the course that somebody had in an editor; of the same session in other courses nothing is told. */
  async #takeConnection(recorded: RecordedEvent): Promise<void> {
    const { type, data } = readEvent(recorded) as ConnectionOpened | ConnectionClosed;
    const trace = this.#traces.get(data.workspace);
    if (!trace) return;
    await this.#begin(trace, recorded);
    const occasion = this.#occasion(recorded, trace);
    const cells = { CodeStateSection: data.path, EventInitiator: initiatorOf(readMetadata(recorded).actor) };
    if (type === 'ConnectionOpened') this.#write(occasion, [{ type: 'File.Open', cells }]);
    else this.#write({ ...occasion, at: data.at }, [{ type: 'File.Close', cells }]);
  }

  #takeLimit(recorded: RecordedEvent): void {
    if (recorded.type !== 'LimitReached') return;
    const event = readEvent(recorded);
    const { actor, course } = readMetadata(recorded);
    const isOfCourse = course === undefined ? this.#subjects.has(actor.id) : course === this.options.scope.course;
    if (event.type !== 'LimitReached' || !isOfCourse) return;
    this.#write(this.#occasion(recorded), [{ type: 'X-Limit.Reached', cells: { 'X-Limit': event.data.limit } }]);
  }

  // States

  /** Before the first row of a workspace its state is known: a dataset may begin in the middle. */
  async #begin(trace: WorkspaceTrace, { recordedAt }: RecordedEvent): Promise<void> {
    if (trace.codeState !== undefined || !this.#isWanted(recordedAt.getTime())) return;
    await this.#setState(trace, await this.#sections(trace.texts()));
  }

  /** Texts of files at a revision; without one as they are at this place of the log. */
  #sections(
    files: readonly { readonly file: string; readonly path: string; readonly revision?: string | null }[],
  ): Promise<Section[]> {
    return Promise.all(
      files.map(async ({ file, path, revision }) => {
        if (revision === undefined) return { path, text: await this.#texts.textNow(file) };
        return { path, text: await this.#texts.textAt(file, revision === null ? null : BigInt(revision)) };
      }),
    );
  }

  async #setState(trace: WorkspaceTrace, files: readonly Section[]): Promise<void> {
    const state = codeState(files);
    trace.codeState = state.id;
    if (state.id === '' || this.#states.has(state.id)) return;
    this.#states.add(state.id);
    await this.folder.append('CodeStates.csv', codeStateRecords(state));
  }

  // Rows

  #isWanted(at: number): boolean {
    const { from, until } = this.options;
    return (!from || at >= from.getTime()) && (!until || at < until.getTime());
  }

  #occasion(recorded: RecordedEvent, trace?: WorkspaceTrace): Occasion {
    const { actor, clientTime, session } = readMetadata(recorded);
    return {
      ...{ event: recorded.id, at: recorded.recordedAt.getTime(), clientTime, session, trace },
      subject: subjectOf(actor, trace),
    };
  }

  #project(trace: WorkspaceTrace): string {
    return this.#ids.of('workspace', trace.workspace.id);
  }

  /** Returns the order of the first row that was written; undefined: none. */
  #write(occasion: Occasion, rows: readonly NewRow[]): number | undefined {
    if (rows.length === 0 || !this.#isWanted(occasion.at)) return undefined;
    const first = this.#rows + 1;
    const id = (n: number) => this.#ids.of('event', `${occasion.event} ${n}`);
    const common = this.#common(occasion);
    for (const [n, { type, cells, parent }] of rows.entries()) {
      const row = this.#columns.map((): string | number => '');
      this.#fill(row, common);
      this.#fill(row, cells);
      this.#fill(row, { EventType: type, EventID: id(n), Order: ++this.#rows });
      if (parent !== undefined) this.#fill(row, { ParentEventID: id(parent) });
      this.#lines.push(csvRecord(row));
    }
    return first;
  }

  /** By places, since there are many more columns than cells. What the mode has no column for is left out. */
  #fill(row: (string | number)[], cells: Readonly<Record<string, string | number>>): void {
    for (const name in cells) {
      const place = this.#places.get(name);
      if (place !== undefined) row[place] = cells[name] ?? '';
    }
  }

  #common({ at, subject, trace, clientTime, session }: Occasion) {
    const { scope, version } = this.options;
    if (!this.#subjects.has(subject))
      this.#subjects.set(subject, { id: subject, role: null, username: '', displayName: '' });
    const workspace = trace?.workspace;
    return {
      CodeStateID: trace?.codeState ?? '',
      SubjectID: this.#ids.often('person', subject),
      ToolInstances: `Palimpsest ${version}; Python 3`,
      ...(clientTime !== undefined && { ClientTimestamp: new Date(clientTime).toISOString() }),
      ServerTimestamp: new Date(at).toISOString(),
      CourseID: scope.course,
      AssignmentID: workspace ? (workspace.item ?? (workspace.kind === 'personal' ? 'personal' : 'shared')) : '',
      TeamID: workspace?.group ? this.#ids.often('group', workspace.group) : '',
      ...(session !== undefined && { 'X-SessionID': this.#ids.often('session', session) }),
    };
  }
}

/** What the system does in a workspace is told of its owner. */
function subjectOf({ id }: Actor, trace: WorkspaceTrace | undefined): string {
  return id === 'system' && trace ? trace.workspace.owner : id;
}
