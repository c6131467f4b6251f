import type { ActivityKindName } from '@palimpsest/protocol/wire';
import type { ActivityOf } from '../route.js';

export type ActivityView = 'timeline' | 'play' | 'runs' | 'sessions';

/** What the page shows of somebody's activity. The address carries it, so that it can be kept and passed on. */
export interface ActivityQuery {
  readonly view: ActivityView;
  /** Empty: all. */
  readonly kinds: readonly ActivityKindName[];
  readonly session: string;
  /** ISO 8601, or empty. */
  readonly from: string;
  readonly until: string;
  readonly outcome: string;
  readonly exception: string;
  readonly entry: string;
  readonly failed: boolean;
}

/** The kinds that can be chosen, with the words for them. */
export const KINDS: readonly (readonly [kind: ActivityKindName, label: string])[] = [
  ['edit', 'Edits'],
  ['run', 'Runs'],
  ['input', 'Input'],
  ['file', 'Files'],
  ['hand-in', 'Hand-ins'],
  ['limit', 'Limits'],
  ['refusal', 'Refusals'],
  ['session', 'Sign-ins'],
  ['connection', 'Connections'],
];

const VIEWS: readonly ActivityView[] = ['timeline', 'play', 'runs', 'sessions'];

/** What the address does not say is left at its usual value; what it says and nobody knows, too. */
export function parseActivityQuery(query: string): ActivityQuery {
  const parameters = new URLSearchParams(query);
  const value = (name: string) => parameters.get(name) ?? '';
  const named = value('kinds').split(',');
  return {
    view: VIEWS.find((view) => view === value('view')) ?? 'timeline',
    kinds: KINDS.map(([kind]) => kind).filter((kind) => named.includes(kind)),
    ...{ session: value('session'), from: value('from'), until: value('until') },
    ...{ outcome: value('outcome'), exception: value('exception'), entry: value('entry') },
    failed: value('failed') === 'true',
  };
}

function formatted(parts: Readonly<Record<string, string>>): string {
  const text = new URLSearchParams(Object.entries(parts).filter(([, value]) => value !== '')).toString();
  return text === '' ? '' : `?${text}`;
}

function range({ from, until }: ActivityQuery) {
  return { from, until };
}

const ofTimeline = ({ kinds, session }: ActivityQuery) => ({ kinds: kinds.join(','), session });

const ofRuns = ({ outcome, exception, entry, failed }: ActivityQuery) => ({
  ...{ outcome, exception: exception.trim(), entry: entry.trim() },
  failed: failed ? 'true' : '',
});

/** For the address of the page; what does not belong to the view is left out. */
export function formatActivityQuery(query: ActivityQuery): string {
  const view = query.view === 'timeline' ? '' : query.view;
  switch (query.view) {
    case 'timeline':
      return formatted({ view, ...ofTimeline(query), ...range(query) });
    case 'play':
      return formatted({ view, session: query.session, ...range(query) });
    case 'runs':
      return formatted({ view, ...ofRuns(query), ...range(query) });
    case 'sessions':
      return formatted({ view });
  }
}

/** Where the server has the first page of it. */
export function activityAddress(of: ActivityOf, query: ActivityQuery): string {
  const base = 'workspace' in of ? `/api/workspaces/${of.workspace}` : `/api/people/${of.person}`;
  switch (query.view) {
    case 'timeline':
      return `${base}/timeline${formatted({ ...ofTimeline(query), ...range(query) })}`;
    case 'play':
      return `${base}/timeline${formatted({ session: query.session, ...range(query) })}`;
    case 'runs':
      return `${base}/runs${formatted({ ...ofRuns(query), ...range(query) })}`;
    case 'sessions':
      return `${base}/timeline/sessions`;
  }
}
