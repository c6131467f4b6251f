import type { RequestRunDto, RunDto, UserDto, WrittenDto } from '@palimpsest/protocol/wire';
import { useMutation, useQuery } from '@tanstack/react-query';
import { useEffect, useState } from 'react';
import { useFilesChanged } from '../classroom.js';
import { api, ApiProblem, sentenceOf, socketUrl } from '../api-client.js';
import { saveStatus } from '../save-status.js';
import { signInCount } from '../session.js';
import { Signal, useSignal } from '../signal.js';
import { useCountdown } from '../use-countdown.js';
import { chooseRun } from './run-choice.js';
import { RunFeed } from './run-feed.js';
import { isAlive, isBusy, type RunView } from './run-view.js';

/** Milliseconds between two looks at what others have started. A hidden page does not look. */
const POLL = 2_000;
/** Milliseconds that Run waits for the last keystrokes to become durable: a run sees what the log has. */
const SAVE_PATIENCE = 10_000;

const NO_FEED = new Signal<RunView | null>(null);

export interface TerminalSize {
  readonly columns: number;
  readonly rows: number;
}

export interface Runs {
  readonly feed: RunFeed | null;
  readonly view: RunView | null;
  readonly list: readonly RunDto[];
  /** Whether the person who looks started what is shown, and so decides the terminal's size. */
  readonly isMine: boolean;
  /** A run was asked for and has not begun. */
  readonly isStarting: boolean;
  readonly isBusy: boolean;
  /** Seconds until Run works again, when too many runs were asked for; 0 otherwise. */
  readonly waitSeconds: number;
  /** Why the last Run or Stop did nothing, for a person. */
  readonly problem: string | null;
  run(what: { readonly mode: 'script' | 'repl'; readonly entry?: string }): void;
  stop(): void;
  show(run: string): void;
  /** The terminal tells what fits, for the next run. */
  measured(size: TerminalSize): void;
}

/** The runs of a workspace: which is shown, how it stands, and how to start or stop one. */
export function useRuns(workspace: string, me: UserDto): Runs {
  const [shown, setShown] = useState<string | null>(null);
  const [size, setSize] = useState<TerminalSize>({ columns: 80, rows: 24 });
  const [stopProblem, setStopProblem] = useState<string | null>(null);
  const list = useRunList(workspace);
  const [known, setKnown] = useState(list);
  if (list !== known) {
    setKnown(list);
    const next = chooseRun(list, shown);
    if (next !== shown) setShown(next);
  }
  const feed = useFeed(shown, useFilesChanged(workspace));
  const view = useSignal<RunView | null>(feed?.view ?? NO_FEED);
  const [waitSeconds, waitFor] = useCountdown();
  const start = useMutation({
    mutationFn: (request: RequestRunDto) => startRun(request),
    onSuccess: setShown,
    onError: (error) => {
      if (error instanceof ApiProblem && error.limit) waitFor(error.limit.retryAfterSeconds);
    },
  });

  return {
    feed,
    view,
    list,
    isMine: view?.by === me.id,
    isStarting: start.isPending,
    isBusy: view !== null && isBusy(view),
    waitSeconds,
    problem: startProblem(start.error, waitSeconds) ?? stopProblem ?? view?.refusal ?? null,
    run: (what) => {
      if (start.isPending || waitSeconds > 0) return;
      setStopProblem(null);
      // One console, one prompt: the variables of the run before go when the next begins.
      if (view?.state === 'repl') feed?.send({ t: 'cancel' });
      start.mutate({ workspace, ...what, ...size });
    },
    stop: () => void stopRun(feed).then(setStopProblem),
    show: setShown,
    measured: setSize,
  };
}

/** A limit is said with the seconds that are left, and no longer than it holds. */
function startProblem(error: Error | null, waitSeconds: number): string | null {
  if (!error) return null;
  if (!(error instanceof ApiProblem && error.limit)) return sentenceOf(error);
  return waitSeconds > 0 ? `${error.limit.most} runs a minute used. Next run in ${waitSeconds} s.` : null;
}

const NO_RUNS: readonly RunDto[] = [];

function useRunList(workspace: string): readonly RunDto[] {
  const query = useQuery({
    queryKey: ['runs', workspace],
    queryFn: () => api.get<RunDto[]>(`/api/workspaces/${workspace}/runs`),
    refetchInterval: POLL,
  });
  return query.data ?? NO_RUNS;
}

function useFeed(run: string | null, onProduced: () => void): RunFeed | null {
  const [feed, setFeed] = useState<RunFeed | null>(null);
  const signIns = useSignal(signInCount);
  useEffect(() => {
    if (run === null) return;
    const opened = new RunFeed(run, () => new WebSocket(socketUrl(`/runs/${run}`)), onProduced);
    // The socket belongs to the effect's lifetime, not to a render's.
    // eslint-disable-next-line react-hooks/set-state-in-effect
    setFeed(opened);
    return () => {
      setFeed(null);
      opened.close();
    };
  }, [run, signIns, onProduced]);
  return feed;
}

async function startRun(request: RequestRunDto): Promise<string> {
  if (!(await saveStatus.whenSaved(SAVE_PATIENCE))) {
    const what = 'Not run: your last changes are not saved after 10 s, and the program would run without them.';
    throw new ApiProblem(0, 'unsaved', `${what} Check the network connection, then run again.`);
  }
  return (await api.post<WrittenDto>('/api/runs', request)).id;
}

/** By the socket if it is there; by a request if the network has just dropped it. Resolves to why it did not work. */
async function stopRun(feed: RunFeed | null): Promise<string | null> {
  if (!feed || !isAlive(feed.view.value) || feed.send({ t: 'cancel' })) return null;
  return api.post(`/api/runs/${feed.view.value.id}/cancel`).then(
    () => null,
    (error: unknown) => `Not stopped: ${sentenceOf(error)}`,
  );
}
