import { accept, reject, type Decider, type Decision } from './decider.js';
import type { FileKind } from './file.js';
import type { RestrictedModule } from './restricted-module.js';
import type { CourseId, FileId, RunId, UserId, WorkspaceId } from './identifiers.js';

/** A file as the run sees it: exactly the text after this revision of its stream. */
export interface RunFile {
  readonly file: FileId;
  readonly path: string;
  /** Revision of `file-<id>`, decimal; null for a file whose stream is still empty (its text is empty). */
  readonly revision: string | null;
}

export type RunMode = 'script' | 'repl';

/** How a run ended: what the student's program did, except `interrupted`, `refused` and `failed`, which are ours. */
export type RunOutcome =
  | { readonly kind: 'exited'; readonly code: number }
  | { readonly kind: 'signalled'; readonly signal: string }
  | { readonly kind: 'timed-out'; readonly limit: 'cpu' | 'wall' | 'idle'; readonly seconds: number }
  | { readonly kind: 'out-of-memory'; readonly limitBytes: number }
  | { readonly kind: 'output-limit'; readonly limitBytes: number }
  /** The files of its workspace: bytes of all together, files and folders, or folders inside each other. */
  | { readonly kind: 'workspace-limit'; readonly limit: 'bytes' | 'entries' | 'depth'; readonly most: number }
  | { readonly kind: 'cancelled' }
  /** The executor itself was stopped or killed. What the program had printed is kept. */
  | { readonly kind: 'interrupted' }
  /** No sandbox that passed its self-test: nothing was run. */
  | { readonly kind: 'refused'; readonly reason: string }
  | { readonly kind: 'failed'; readonly reason: string };

/** How the script itself ended before its console became a REPL. */
export type ScriptEnd =
  | { readonly kind: 'completed' }
  | { readonly kind: 'raised'; readonly exception: string }
  | { readonly kind: 'exit'; readonly code: number };

export interface RunUsage {
  readonly wallMs: number;
  readonly cpuMs: number;
  readonly outputBytes: number;
  readonly peakMemoryBytes?: number;
}

export interface RunRequested {
  readonly type: 'RunRequested';
  readonly data: {
    readonly id: RunId;
    readonly workspace: WorkspaceId;
    readonly course: CourseId;
    readonly by: UserId;
    readonly mode: RunMode;
    /** Path of the script; null in mode `repl`. */
    readonly entry: string | null;
    readonly files: readonly RunFile[];
    /** Folders that were made there, which may be empty. None, or left out: those of the files alone. */
    readonly folders?: readonly string[];
    readonly columns: number;
    readonly rows: number;
    /** What the course refused to its students' code at that moment. Absent in old runs, to which nothing was refused. */
    readonly refused?: readonly RestrictedModule[];
  };
}
export interface RunStarted {
  readonly type: 'RunStarted';
  /** `attempt` is unique to one start by one executor, so that a retried append is told from a rival's. */
  readonly data: {
    readonly executor: string;
    readonly attempt: string;
    readonly sandbox: string;
    readonly startedAt: number;
  };
}
/** Pieces of terminal output: [milliseconds since `startedAt` of RunStarted, text]. */
export interface OutputEmitted {
  readonly type: 'OutputEmitted';
  readonly data: { readonly chunks: readonly (readonly [ms: number, text: string])[] };
}
/** What a person typed, as the terminal sent it (so ETX, \x03, is Ctrl-C). */
export interface InputProvided {
  readonly type: 'InputProvided';
  readonly data: { readonly by: UserId; readonly text: string };
}
export interface TerminalResized {
  readonly type: 'TerminalResized';
  readonly data: { readonly columns: number; readonly rows: number };
}
export interface ReplEntered {
  readonly type: 'ReplEntered';
  readonly data: { readonly ms: number; readonly script: ScriptEnd | null };
}
/**
 * An exception reached the student, out of the script or of a line typed at the prompt. `message`, `explanation` and `traceback`
 * are as the program's own process told them: bounded, printable, and no more to be trusted than its output.
 */
export interface ErrorRaised {
  readonly type: 'ErrorRaised';
  readonly data: {
    readonly ms: number;
    /** Name of the class, such as `ZeroDivisionError`. */
    readonly exception: string;
    readonly message: string;
    /** The innermost line of a file of the workspace; null where there is none, as for a line of the console. */
    readonly path: string | null;
    readonly line: number | null;
    /** What it means, for a beginner. Ids are stable (libs/executor/python/_palimpsest/explanations.py). */
    readonly explanation: { readonly id: string; readonly text: string } | null;
    /** Python's own account. */
    readonly traceback: string;
  };
}
/** The program plotted something. The bytes are a blob. */
export interface FigureProduced {
  readonly type: 'FigureProduced';
  readonly data: {
    readonly ms: number;
    readonly sha256: string;
    readonly mediaType: 'image/png';
    readonly bytes: number;
    /** Pixels. */
    readonly width: number;
    readonly height: number;
  };
}
/** A person asked for the end; RunFinished follows when nothing runs any more. */
export interface RunCancelled {
  readonly type: 'RunCancelled';
  readonly data: { readonly by: UserId };
}
export interface RunFinished {
  readonly type: 'RunFinished';
  readonly data: { readonly outcome: RunOutcome; readonly usage: RunUsage | null };
}

/** What a program did to a file. `moved`: another name, and other content as well where `content` is given. */
export type FileChange = 'created' | 'changed' | 'deleted' | 'moved';

/** What a file held when the workspace was looked at; the bytes are a blob. */
export interface FileContent {
  readonly kind: FileKind;
  readonly sha256: string;
  /** Bytes. */
  readonly size: number;
  readonly mediaType: string;
}

/** A difference between the run's folder and what it was when it was laid out, or looked at the last time. */
export interface CollectedFile {
  /** As the program sees it; normalised. */
  readonly path: string;
  readonly change: FileChange;
  /** Its path before, where it was moved. */
  readonly from?: string;
  /** Left out where the content is as it was, or gone. */
  readonly content?: FileContent;
}

/** Why something that a program wrote is not in the workspace; the names are stored. */
export type NotKeptReason =
  /** A symbolic link, or a file with several names: neither is followed. */
  | 'link'
  /** A pipe, socket or device. */
  | 'special'
  /** A name that no workspace takes; `detail` says why. */
  | 'name'
  | 'too-large'
  | 'too-many'
  /** More bytes than one run may leave behind. */
  | 'quota'
  | 'unreadable'
  /** The person who started the run may not write here, or not any more. */
  | 'not-allowed'
  /** The program deleted it, and a person has edited it since the run began. */
  | 'edited'
  /** The workspace does not take it; `detail` says why. */
  | 'refused'
  /** Our fault. */
  | 'failed';

export interface NotKept {
  /** As a person can read it: bytes that are not UTF-8 show as U+FFFD, and it may be cut. */
  readonly path: string;
  readonly reason: NotKeptReason;
  /** A sentence. */
  readonly detail?: string;
}

/**
 * The run's folder was compared with what was known of it: what this says becomes part of the workspace, and FileProduced or
 * FilesNotKept with the same `batch` says of every file that it did, or why not.
 */
export interface FilesCollected {
  readonly type: 'FilesCollected';
  readonly data: {
    /** Milliseconds since `startedAt` of RunStarted. */
    readonly ms: number;
    /** Counts the events of this kind in a run, from 0. */
    readonly batch: number;
    /** In the order in which they are to be carried out. */
    readonly files: readonly CollectedFile[];
    readonly notKept: readonly NotKept[];
    /** How many more were not kept than are listed. */
    readonly more: number;
  };
}
/** What a program did to a file is in the workspace. */
export interface FileProduced {
  readonly type: 'FileProduced';
  readonly data: {
    readonly ms: number;
    readonly batch: number;
    /** As the program sees it. */
    readonly path: string;
    readonly change: FileChange;
    readonly file: FileId;
    readonly kind: FileKind;
    /** Bytes that the program wrote; left out where the content is as it was. */
    readonly size?: number;
    /** Its path in the workspace, where that is another. */
    readonly keptAs?: string;
    /** Its path before, where it was moved. */
    readonly from?: string;
    /** Revision of the file's stream on which the program's change was made; null: before its first event. */
    readonly base: string | null;
    /** Last revision of the file's stream that the change wrote; null where it wrote none. */
    readonly revision: string | null;
  };
}
/** These files of a batch are not in the workspace. */
export interface FilesNotKept {
  readonly type: 'FilesNotKept';
  readonly data: { readonly ms: number; readonly batch: number; readonly files: readonly NotKept[] };
}

export type RunEvent =
  | RunRequested
  | RunStarted
  | OutputEmitted
  | InputProvided
  | TerminalResized
  | ReplEntered
  | ErrorRaised
  | FigureProduced
  | RunCancelled
  | FilesCollected
  | FileProduced
  | FilesNotKept
  | RunFinished;

export type RunCommand =
  | { readonly kind: 'request'; readonly run: RunRequested['data'] }
  | { readonly kind: 'start'; readonly start: RunStarted['data'] }
  | { readonly kind: 'enterRepl'; readonly ms: number; readonly script: ScriptEnd | null }
  | { readonly kind: 'provideInput'; readonly by: UserId; readonly text: string }
  | { readonly kind: 'resize'; readonly columns: number; readonly rows: number }
  | { readonly kind: 'cancel'; readonly by: UserId }
  | { readonly kind: 'finish'; readonly outcome: RunOutcome; readonly usage: RunUsage | null };

export type RunState =
  | { readonly kind: 'none' }
  | { readonly kind: 'queued'; readonly run: RunRequested['data']; readonly cancelled: boolean }
  | {
      readonly kind: 'running';
      readonly run: RunRequested['data'];
      readonly start: RunStarted['data'];
      readonly repl: boolean;
      readonly cancelled: boolean;
    }
  | { readonly kind: 'finished'; readonly run: RunRequested['data']; readonly outcome: RunOutcome };

/** Name of the queue between the api and the executors. A job holds the run's id and nothing else: the log has the rest. */
export const RUN_QUEUE = 'runs';

/** Characters in one InputProvided. A paste that is longer arrives as several. */
export const MAX_INPUT_LENGTH = 16_384;
/** Smallest and largest terminal, so that a hostile size cannot make a program allocate a screen of any size. */
export const TERMINAL_COLUMNS = { least: 20, most: 500 } as const;
export const TERMINAL_ROWS = { least: 5, most: 200 } as const;

type RunDecision = Decision<RunEvent>;

function within(value: number, range: { readonly least: number; readonly most: number }): boolean {
  return Number.isInteger(value) && value >= range.least && value <= range.most;
}

function sizeProblem(columns: number, rows: number): string | undefined {
  if (within(columns, TERMINAL_COLUMNS) && within(rows, TERMINAL_ROWS)) return undefined;
  const { least, most } = TERMINAL_COLUMNS;
  return `A terminal has ${least} to ${most} columns and ${TERMINAL_ROWS.least} to ${TERMINAL_ROWS.most} rows.`;
}

function request(run: RunRequested['data'], state: RunState): RunDecision {
  if (state.kind !== 'none') return reject('already-exists', 'This run was requested already.');
  const problem = sizeProblem(run.columns, run.rows);
  if (problem !== undefined) return reject('invalid-value', problem);
  if (run.mode === 'script' && !run.files.some((file) => file.path === run.entry))
    return reject('not-found', `There is no file "${run.entry ?? ''}" in this workspace to run.`);
  return accept({ type: 'RunRequested', data: run });
}

function start(command: Extract<RunCommand, { kind: 'start' }>, state: RunState): RunDecision {
  if (state.kind === 'none') return reject('not-found', 'There is no such run.');
  if (state.kind !== 'queued') return reject('already-exists', 'This run was started already.');
  if (state.cancelled) return reject('run-ended', 'This run was cancelled while it waited.');
  return accept({ type: 'RunStarted', data: command.start });
}

function input(command: Extract<RunCommand, { kind: 'provideInput' }>, state: RunState): RunDecision {
  if (state.kind !== 'running')
    return reject('run-not-started', 'The program has not started yet: try again in a moment.');
  if (command.text === '') return accept();
  if (command.text.length > MAX_INPUT_LENGTH)
    return reject('too-large', `At most ${MAX_INPUT_LENGTH} characters can be sent to a program at once.`);
  return accept({ type: 'InputProvided', data: { by: command.by, text: command.text } });
}

/** What has not been started has nothing to be ended: it does not wait for its turn only to be told so. */
function cancel(by: UserId, state: Extract<RunState, { kind: 'queued' | 'running' }>): RunDecision {
  const end: RunEvent = { type: 'RunFinished', data: { outcome: { kind: 'cancelled' }, usage: null } };
  const wish: RunEvent = { type: 'RunCancelled', data: { by } };
  const events: readonly RunEvent[] = state.cancelled ? [] : [wish];
  return state.kind === 'queued' ? accept<RunEvent>(...events, end) : accept(...events);
}

function finish(command: Extract<RunCommand, { kind: 'finish' }>): RunDecision {
  return accept({ type: 'RunFinished', data: { outcome: command.outcome, usage: command.usage } });
}

function decide(command: RunCommand, state: RunState): RunDecision {
  if (command.kind === 'request') return request(command.run, state);
  if (state.kind === 'none') return reject('not-found', 'There is no such run.');
  if (state.kind === 'finished')
    // A window that changed its size cannot know yet that the run has ended, and nobody has asked for anything.
    return command.kind === 'cancel' || command.kind === 'resize'
      ? accept()
      : reject('run-ended', 'This run has ended already.');
  switch (command.kind) {
    case 'start':
      return start(command, state);
    case 'provideInput':
      return input(command, state);
    case 'resize': {
      const problem = sizeProblem(command.columns, command.rows);
      if (problem !== undefined) return reject('invalid-value', problem);
      return accept({ type: 'TerminalResized', data: { columns: command.columns, rows: command.rows } });
    }
    case 'enterRepl':
      if (state.kind !== 'running' || state.repl) return accept();
      return accept({ type: 'ReplEntered', data: { ms: command.ms, script: command.script } });
    case 'cancel':
      return cancel(command.by, state);
    case 'finish':
      return finish(command);
  }
}

function evolve(state: RunState, event: RunEvent): RunState {
  if (event.type === 'RunRequested') return { kind: 'queued', run: event.data, cancelled: false };
  if (state.kind === 'none' || state.kind === 'finished') return state;
  switch (event.type) {
    case 'RunStarted':
      return { kind: 'running', run: state.run, start: event.data, repl: false, cancelled: state.cancelled };
    case 'ReplEntered':
      return state.kind === 'running' ? { ...state, repl: true } : state;
    case 'RunCancelled':
      return { ...state, cancelled: true };
    case 'RunFinished':
      return { kind: 'finished', run: state.run, outcome: event.data.outcome };
    case 'OutputEmitted':
    case 'InputProvided':
    case 'TerminalResized':
    case 'FilesCollected':
    case 'FileProduced':
    case 'FilesNotKept':
    case 'ErrorRaised':
    case 'FigureProduced':
      return state;
  }
}

/** Stream `run-<id>`: a run's life. */
export const runDecider: Decider<RunState, RunCommand, RunEvent> = { initial: { kind: 'none' }, evolve, decide };
