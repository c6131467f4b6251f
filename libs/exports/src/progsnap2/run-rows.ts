import type { RunRequested } from '@palimpsest/domain';
import { readable } from '../code-point-text.js';
import type { RunAccount } from '../run-account.js';
import type { Cells, EventType } from './columns.js';

/** Exceptions that Python raises before it executes anything. */
const SYNTAX_ERRORS: ReadonlySet<string> = new Set(['SyntaxError', 'IndentationError', 'TabError']);

/** A row, and which of the run's rows before it is its parent. */
export interface RunRow {
  readonly type: EventType;
  readonly cells: Cells;
  readonly parent?: number;
}

export interface RunParts {
  readonly request: RunRequested['data'];
  readonly account: RunAccount;
  readonly execution: string;
  /** The text of a file as the run had it; undefined: it had no such text. */
  textOf(path: string): string | undefined;
  /** Where the resources of these kinds are; undefined: there was nothing. */
  readonly resources: { readonly input?: string; readonly output?: string; readonly errors?: string };
}

type Result = 'Success' | 'Timeout' | 'Error';

/**
 * What the script came to. A prompt that was left, stopped or ran out of time after its script had ended well is a success;
 * undefined: it is not over.
 */
export function resultOf({ outcome, script }: Pick<RunAccount, 'outcome' | 'script'>): Result | undefined {
  if (script) return script.kind === 'raised' || (script.kind === 'exit' && script.code !== 0) ? 'Error' : 'Success';
  if (outcome === undefined) return undefined;
  if (outcome.kind === 'timed-out') return 'Timeout';
  return outcome.kind === 'exited' && outcome.code === 0 ? 'Success' : 'Error';
}

/** A run as rows: the syntax check, the run, and the explanations of its errors. Empty for one that is not over. */
export function runRows({ request, account, execution, textOf, resources }: RunParts): RunRow[] {
  const result = resultOf(account);
  if (result === undefined) return [];
  const { entry } = request;
  const broken = account.errors.find(({ exception }) => SYNTAX_ERRORS.has(exception));
  const rows: RunRow[] = [];
  const file = { CodeStateSection: entry ?? '', EventInitiator: 'UserIndirectAction' };
  if (entry !== null && broken && account.script?.kind === 'raised') {
    rows.push({ type: 'Compile', cells: { ...file, CompileResult: 'Error' } });
    rows.push({ type: 'Compile.Error', cells: errorCells(broken, entry, textOf), parent: 0 });
  } else if (entry !== null && account.startedAt !== undefined)
    rows.push({ type: 'Compile', cells: { ...file, CompileResult: 'Success' } });
  rows.push({
    type: 'Run.Program',
    cells: {
      ...{ ExecutionID: execution, ExecutionResult: result, 'X-Outcome': outcomeOf(account) },
      ...(resources.input && { ProgramInput: resources.input }),
      ...(resources.output && { ProgramOutput: resources.output }),
      ...(resources.errors && { ProgramErrorOutput: resources.errors }),
      ...(account.errors[0] && { 'X-Exception': account.errors[0].exception }),
    },
  });
  for (const { explanation } of account.errors)
    if (explanation) rows.push({ type: 'Intervention', cells: feedback(explanation) });
  return rows;
}

function outcomeOf({ outcome, script }: RunAccount): string {
  return outcome?.kind ?? script?.kind ?? '';
}

function errorCells(
  { exception, message, path, line }: RunAccount['errors'][number],
  entry: string,
  textOf: RunParts['textOf'],
): Cells {
  const section = path ?? entry;
  return {
    CodeStateSection: section,
    CompileMessageType: exception,
    CompileMessageData: readable(message) || exception,
    SourceLocation: lineOffset(textOf(section) ?? '', line ?? 1),
  };
}

/** Code points before a line, counted from 1. */
function lineOffset(text: string, line: number): number {
  const before = readable(text)
    .split('\n')
    .slice(0, line - 1);
  return before.reduce((sum, one) => sum + [...one].length + 1, 0);
}

function feedback({ id, text }: { readonly id: string; readonly text: string }): Cells {
  return {
    EventInitiator: 'ToolReaction',
    InterventionCategory: 'Feedback',
    InterventionType: `ErrorExplanation.${id}`,
    InterventionMessage: readable(text),
  };
}
