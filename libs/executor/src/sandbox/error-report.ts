import { checkPath, type ErrorRaised } from '@palimpsest/domain';

/** What the program's own process says about an exception. Untrusted: a student can write such a line as well. */
export type ErrorReport = Omit<ErrorRaised['data'], 'ms'>;

/** Bytes of a line. _palimpsest/errors.py keeps below it. */
export const MOST_REPORT_BYTES = 16 * 1024 + 100;
/** Errors that are recorded of one run; the terminal shows the others all the same. */
export const MOST_REPORTS = 100;

/** Code points of each part; what is longer was not written by errors.py. */
const MOST = { exception: 100, message: 1000, explanation: 600, traceback: 6100 } as const;
const LAST_LINE = 1_000_000;

/** The report in the JSON of a line, or undefined for anything that errors.py never writes. */
export function parseErrorReport(json: string): ErrorReport | undefined {
  const value = parse(json);
  if (!isRecord(value)) return undefined;
  const exception = textOf(value['exception'], MOST.exception);
  const message = textOf(value['message'], MOST.message);
  const traceback = textOf(value['traceback'], MOST.traceback);
  const place = placeOf(value['path'], value['line']);
  const explanation = explanationOf(value['explanation']);
  if (!exception || message === undefined || traceback === undefined) return undefined;
  if (place === undefined || explanation === undefined) return undefined;
  return { exception, message, ...place, explanation, traceback };
}

function parse(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    return undefined;
  }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Printable: control characters other than line feed and tab, and halves of pairs, become U+FFFD. */
function textOf(value: unknown, most: number): string | undefined {
  if (typeof value !== 'string' || value.length > 2 * most) return undefined;
  // eslint-disable-next-line no-control-regex -- they are what is looked for
  return value.replace(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f]|[\ud800-\udfff]/gu, '\ufffd');
}

type Place = Pick<ErrorReport, 'path' | 'line'>;

/** A place in the workspace or none. A path that no file there can have is no reason to lose the rest. */
function placeOf(path: unknown, line: unknown): Place | undefined {
  const nowhere = { path: null, line: null };
  if (path === null && line === null) return nowhere;
  if (typeof path !== 'string' || !Number.isInteger(line)) return undefined;
  const checked = checkPath(path);
  const number = line as number;
  return checked.ok && number >= 1 && number <= LAST_LINE ? { path: checked.path, line: number } : nowhere;
}

function explanationOf(value: unknown): ErrorReport['explanation'] | undefined {
  if (value === null) return null;
  if (!isRecord(value)) return undefined;
  const { id } = value;
  const text = textOf(value['text'], MOST.explanation);
  return typeof id === 'string' && /^[a-z][a-z-]{1,40}$/.test(id) && text ? { id, text } : undefined;
}
