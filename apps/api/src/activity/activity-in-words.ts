import type { ActivityEntry, ConnectionDetail, RunDetail } from '@palimpsest/projections';

/** Control characters of a terminal as a person reads them. */
const KEYS: Readonly<Record<string, string>> = {
  '\r': '⏎',
  '\n': '⏎',
  '\t': '⇥',
  '\u0003': 'Ctrl+C',
  '\u0004': 'Ctrl+D',
};

const ENDED: Readonly<Record<NonNullable<ConnectionDetail['reason']>, string>> = {
  left: 'left',
  lost: 'the connection was lost',
  ended: 'ended by the server',
  'server-stopped': 'the server was stopped',
  superseded: 'its end was not recorded; opened anew then',
  'session-ended': 'its end was not recorded; the session ended then',
};

function counted(count: number, one: string, many = `${one}s`): string {
  return `${count} ${count === 1 ? one : many}`;
}

/** Input as a line that can be shown. */
export function inputInWords(text: string): string {
  // eslint-disable-next-line no-control-regex -- that is what is replaced
  return text.replace(/[\u0000-\u001f\u007f]/g, (key) => KEYS[key] ?? '·');
}

function editInWords({ path, count, inserted, removed, via }: ActivityEntry): string {
  const verb = via === 'executor' ? 'wrote by program' : 'edited';
  const typed = [
    counted(count, 'edit'),
    ...(inserted > 0 ? [`${counted(inserted, 'character')} typed`] : []),
    ...(removed > 0 ? [`${removed} removed`] : []),
  ];
  return `${verb} ${path ?? 'a file'}: ${typed.join(', ')}`;
}

function secondsInWords(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`;
}

function runInWords({ object, detail }: ActivityEntry): string {
  const { state, ending, exception, line, wallMs, cpuMs } = detail as RunDetail;
  const how = ending ?? (state === 'queued' ? 'waiting to start' : 'running');
  const where = line === undefined ? '' : `, line ${line}`;
  const error = exception === undefined ? '' : ` (${exception}${where})`;
  const time = wallMs === undefined ? '' : `, ${secondsInWords(wallMs)}`;
  const processor = cpuMs === undefined ? '' : `, ${secondsInWords(cpuMs)} of processor time`;
  return `ran ${object}: ${how}${error}${time}${processor}`;
}

function fileInWords({ summary, object, path, count, type, workspaceName }: ActivityEntry): string {
  const name = object || path || workspaceName || '';
  const more = count > 1 ? ` and ${count - 1} more` : '';
  return `${summary}${name === '' || type === 'WorkspaceCopied' ? '' : `: ${name}`}${more}`;
}

function connectionInWords({ object, until, detail }: ActivityEntry): string {
  const { reason } = detail as ConnectionDetail;
  return until === null || reason === undefined
    ? `opened ${object}; it is open, or its end is not known`
    : `had ${object} open: ${ENDED[reason]}`;
}

/** A row of a timeline as a sentence without its subject. */
export function activityInWords(entry: ActivityEntry): string {
  switch (entry.kind) {
    case 'edit':
      return editInWords(entry);
    case 'run':
      return runInWords(entry);
    case 'input':
      return `typed into a program: ${inputInWords(entry.summary)}`;
    case 'file':
      return fileInWords(entry);
    case 'connection':
      return connectionInWords(entry);
    case 'hand-in':
    case 'limit':
    case 'refusal':
    case 'session':
      return entry.summary;
  }
}

/** Whether it tells of something that went wrong. */
export function isFailure({ kind, detail }: ActivityEntry): boolean {
  if (kind === 'limit' || kind === 'refusal') return true;
  if (kind !== 'run') return false;
  const { errors, outcome = 'exited' } = detail as RunDetail;
  return errors > 0 || (outcome !== 'exited' && outcome !== 'cancelled');
}
