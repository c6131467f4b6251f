import type { RunServerMessage, RunStateName } from '@palimpsest/protocol/wire';
import type { RunClosing } from './run-closing.js';

type ScriptEnd = Extract<RunServerMessage, { t: 'repl' }>['script'];

/** A line about a file of the program: where it can be opened, or why it was not kept. */
export type FileNotice =
  | {
      readonly kind: 'produced';
      readonly file: string;
      readonly path: string;
      readonly canOpen: boolean;
      readonly text: string;
    }
  | { readonly kind: 'notKept'; readonly text: string };
export type RunError = Omit<Extract<RunServerMessage, { t: 'error' }>, 't'>;
export type RunFigure = Omit<Extract<RunServerMessage, { t: 'figure' }>, 't'>;

/** What is known of one run from its socket. Its output is apart: it goes to the terminal as it comes. */
export interface RunView {
  readonly id: string;
  readonly link: 'connecting' | 'open' | 'lost' | 'closed';
  readonly by: string | null;
  readonly byName: string;
  readonly mode: 'script' | 'repl';
  readonly entry: string | null;
  readonly columns: number;
  readonly rows: number;
  readonly state: RunStateName | 'unknown';
  /** Where it stands while it waits, for a person. */
  readonly place: string | null;
  readonly scriptEnd: ScriptEnd;
  readonly cancelledBy: string | null;
  /** Why it ended, for a person. */
  readonly ending: string | null;
  /** What the program did to files, and what was not kept: in order, the newest last. */
  readonly files: readonly FileNotice[];
  /** The latest refusal of what this page asked. */
  readonly refusal: string | null;
  /** Why the link is closed for good; null while it is not, and for a run that has said everything. */
  readonly closing: RunClosing | null;
  /** What was raised last. */
  readonly error: RunError | null;
  /** How many were raised so far: tells one from another that looks the same. */
  readonly errorCount: number;
  readonly figures: readonly RunFigure[];
}

export function emptyView(id: string): RunView {
  return {
    id,
    link: 'connecting',
    by: null,
    byName: '',
    mode: 'script',
    entry: null,
    columns: 80,
    rows: 24,
    state: 'unknown',
    place: null,
    scriptEnd: null,
    cancelledBy: null,
    ending: null,
    files: [],
    refusal: null,
    closing: null,
    error: null,
    errorCount: 0,
    figures: [],
  };
}

/** The view after a message. Messages that do not concern it leave it as it is. */
export function afterMessage(view: RunView, message: RunServerMessage): RunView {
  switch (message.t) {
    case 'requested': {
      const { by, byName, mode, entry, columns, rows } = message;
      return { ...view, by, byName, mode, entry, columns, rows, state: 'queued' };
    }
    case 'place':
      return view.state === 'queued' ? { ...view, place: message.text } : view;
    case 'started':
      return { ...view, state: 'running', place: null };
    case 'resized':
      return { ...view, columns: message.columns, rows: message.rows };
    case 'repl':
      return { ...view, state: 'repl', scriptEnd: message.script };
    case 'cancelled':
      return { ...view, cancelledBy: message.byName };
    case 'finished':
      return { ...view, state: 'finished', ending: message.text };
    case 'produced': {
      const { file, path, change, text } = message;
      return { ...view, files: noticed(view, { kind: 'produced', file, path, canOpen: change !== 'deleted', text }) };
    }
    case 'notKept':
      return { ...view, files: noticed(view, ...notKept(message)) };
    case 'refused':
      return { ...view, refusal: message.message };
    case 'error':
      return { ...view, error: message, errorCount: view.errorCount + 1 };
    case 'figure':
      return { ...view, figures: [...view.figures, message] };
    case 'output':
    case 'live':
      return view;
  }
}

/** Notices that the console keeps; the run itself has all. */
const MAX_NOTICES = 200;

function noticed(view: RunView, ...notices: readonly FileNotice[]): readonly FileNotice[] {
  return [...view.files, ...notices].slice(-MAX_NOTICES);
}

function notKept({ sentences, more }: Extract<RunServerMessage, { t: 'notKept' }>): FileNotice[] {
  const all = more > 0 ? [...sentences, `${more} more were not kept.`] : sentences;
  return all.map((text) => ({ kind: 'notKept', text }));
}

/** A program or a Python prompt is there, as far as this page may know. */
export function isAlive(view: RunView): boolean {
  if (view.closing) return false;
  return view.state === 'queued' || view.state === 'running' || view.state === 'repl';
}

/** The program itself is under way, so that Stop is what a person wants next. */
export function isBusy(view: RunView): boolean {
  if (view.closing) return false;
  return view.state === 'queued' || view.state === 'running';
}

/** Who ran what and where it stands: "ada ran main.py · running". */
export function describeRun(view: RunView): string {
  if (view.state === 'unknown') return view.link === 'closed' ? 'This run cannot be shown' : 'Connecting to the run';
  const what = view.mode === 'repl' ? 'opened a Python prompt' : `ran ${view.entry ?? 'a program'}`;
  if (view.closing && view.state !== 'finished') return `${view.byName} ${what} · not shown any more`;
  const lost = view.link === 'lost' ? ' · connection lost, trying again' : '';
  return `${view.byName} ${what} · ${describeState(view)}${lost}`;
}

function describeState(view: RunView): string {
  if (view.state === 'finished') return `ended: ${describeEnding(view)}`;
  if (view.cancelledBy !== null) return `being stopped by ${view.cancelledBy}`;
  if (view.state === 'queued') return view.place === null ? 'waiting to start' : `waiting to start: ${view.place}`;
  return view.state === 'repl' ? 'Python prompt' : 'running';
}

function describeEnding(view: RunView): string {
  const ending = view.ending ?? 'unknown';
  return view.cancelledBy === null ? ending : `${ending.replace(/\.$/, '')} by ${view.cancelledBy}.`;
}

/** What the prompt that follows a program is for; null when there is no such prompt. */
export function describePrompt(view: RunView): string | null {
  if (view.closing || view.state !== 'repl' || view.scriptEnd === null) return null;
  return `${describeScriptEnd(view.scriptEnd)}; its variables are here: type Python`;
}

function describeScriptEnd(end: NonNullable<ScriptEnd>): string {
  switch (end.kind) {
    case 'completed':
      return 'The program has ended';
    case 'raised':
      return `The program stopped with ${end.exception}`;
    case 'exit':
      return `The program ended with exit code ${end.code}`;
  }
}
