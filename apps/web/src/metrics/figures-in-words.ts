import type { FiguresDto, StudentMetricsDto } from '@palimpsest/protocol/wire';

/** Hours and minutes, as short as it can be read. */
export function durationInWords(seconds: number): string {
  if (seconds < 60) return seconds === 0 ? '0 min' : 'under 1 min';
  const minutes = Math.round(seconds / 60);
  if (minutes < 60) return `${minutes} min`;
  return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

/** What an outcome is called. The names are of the api. */
export const OUTCOMES: Readonly<Record<string, string>> = {
  completed: 'ended well',
  raised: 'ended by an exception',
  exited: 'ended with an exit code',
  signalled: 'ended by a signal',
  'timed-out': 'out of time',
  'out-of-memory': 'out of memory',
  'output-limit': 'too much output',
  'workspace-limit': 'too many files',
  cancelled: 'stopped by a person',
  interrupted: 'interrupted by the server',
  refused: 'not run: no sandbox',
  failed: 'fault of the server',
};

export const LIMITS: Readonly<Record<string, string>> = {
  'messages-a-minute': 'messages a minute',
  'open-documents': 'open files',
  'document-size': 'size of a text',
  'client-ids': 'page loads of a file',
  'runs-a-minute': 'runs a minute',
  'file-operations-a-minute': 'file operations a minute',
};

export function ratioInWords(value: number | null): string {
  return value === null ? '–' : value.toFixed(2);
}

/** Columns by which students can be put in order. */
export const ORDERS = {
  name: 'Name',
  lastSeen: 'Seen longest ago',
  activeTime: 'Least active time',
  failed: 'Most failed runs',
  errorQuotient: 'Highest Error Quotient',
  density: 'Highest error density',
} as const;
export type Order = keyof typeof ORDERS;

/** Who may need help stands first. Those of whom a figure is not defined come last. */
export function inOrder(students: readonly StudentMetricsDto[], order: Order): StudentMetricsDto[] {
  const need = needBy(order);
  return need ? students.toSorted((a, b) => need(b) - need(a)) : [...students];
}

function needBy(order: Order): ((student: StudentMetricsDto) => number) | undefined {
  const of = (figure: (figures: FiguresDto) => number) => (student: StudentMetricsDto) => figure(student.figures);
  switch (order) {
    case 'name':
      return undefined;
    case 'lastSeen':
      return ({ lastSeenAt }) => -(lastSeenAt === null ? 0 : Date.parse(lastSeenAt));
    case 'activeTime':
      return of(({ activeSeconds }) => -activeSeconds);
    case 'failed':
      return of(({ failed, limited }) => failed + limited);
    case 'errorQuotient':
      return of(({ errorQuotient }) => errorQuotient ?? -1);
    case 'density':
      return of(({ repeatedErrorDensity }) => repeatedErrorDensity ?? -1);
  }
}
