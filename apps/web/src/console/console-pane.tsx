import { Alert, Button, Group, Text, useComputedColorScheme } from '@mantine/core';
import type { ITheme } from '@xterm/xterm';
import '@xterm/xterm/css/xterm.css';
import { useCallback, useEffect, useRef, useState } from 'react';
import { copyText } from '../copy-text.js';
import { LiveText } from '../live-text.js';
import './console.css';
import { FileNotices } from './file-notices.js';
import { RunNotes } from './run-notes.js';
import { RunMenu } from './run-menu.js';
import { describePrompt, describeRun, isAlive } from './run-view.js';
import { TerminalScreen } from './terminal-screen.js';
import type { Runs } from './use-runs.js';

interface Props {
  readonly runs: Runs;
  /** The person may start programs and type into them. */
  readonly canWrite: boolean;
  readonly onOpenFile: (file: string) => void;
  /** How to show a line of a file in the editor; null for a path that is not there. */
  readonly lineOf: (path: string, line: number) => (() => void) | null;
}

const READ_ONLY = 'Nothing has run here. This workspace is read-only: programs are run in those that you can write in.';

/** Milliseconds; the plain text beside the terminal follows it at this pace. */
const PLAIN_PACE = 100;

const THEMES: Record<'light' | 'dark', ITheme> = {
  light: {
    background: '#ffffff',
    foreground: '#1b1f24',
    cursor: '#1b1f24',
    cursorAccent: '#ffffff',
    selectionBackground: '#b6d7f2',
  },
  dark: {
    background: '#1a1b1e',
    foreground: '#dee2e6',
    cursor: '#dee2e6',
    cursorAccent: '#1a1b1e',
    selectionBackground: '#31516f',
  },
};

/** The console: who ran what above, the terminal below. */
export default function ConsolePane({ runs, canWrite, onOpenFile, lineOf }: Props) {
  const [text, setText] = useState('');
  const { view } = runs;
  const line = view ? describeRun(view) : canWrite ? 'Nothing has run here yet: press Run or F5.' : READ_ONLY;
  const prompt = view && describePrompt(view);
  const alive = view !== null && isAlive(view);
  return (
    <section className="console-pane" aria-label="Console">
      <Group className="pane-bar" gap="xs" justify="space-between">
        <div className="console-status">
          <Text size="sm" data-testid="run-status" data-state={view?.state ?? 'none'}>
            {line}
          </Text>
          {prompt && (
            <Text size="xs" c="dimmed" data-testid="run-prompt">
              {prompt}
            </Text>
          )}
        </div>
        <Group gap={6} wrap="nowrap">
          {canWrite && alive && !runs.isBusy && (
            <Button size="compact-sm" variant="default" onClick={runs.stop} data-testid="close-prompt">
              Close prompt
            </Button>
          )}
          {canWrite && !alive && (
            <Button
              size="compact-sm"
              variant="default"
              loading={runs.isStarting}
              disabled={runs.waitSeconds > 0}
              onClick={() => runs.run({ mode: 'repl' })}
              data-testid="open-prompt"
            >
              Python prompt
            </Button>
          )}
          <CopyOutput text={text} />
          <RunMenu runs={runs} />
        </Group>
      </Group>
      {runs.problem !== null && (
        <Alert color="red" radius={0} py={6} role="alert" data-testid="run-problem">
          {runs.problem}
        </Alert>
      )}
      {view?.closing && (
        <Alert color="yellow" radius={0} py={6} role="alert" data-testid="run-closing">
          <Group gap="sm" justify="space-between">
            <Text size="sm">{view.closing.sentence}</Text>
            {view.closing.mayOpenAgain && (
              <Button
                size="compact-sm"
                variant="default"
                onClick={() => runs.feed?.openAgain()}
                data-testid="run-open-again"
              >
                Open again
              </Button>
            )}
          </Group>
        </Alert>
      )}
      <Screen runs={runs} takesInput={canWrite && alive} onText={setText} />
      {view && <FileNotices notices={view.files} onOpen={onOpenFile} />}
      {view && <RunNotes view={view} lineOf={lineOf} />}
      <pre className="visually-hidden" data-testid="console-text" aria-hidden>
        {text}
      </pre>
      <LiveText text={prompt ? `${line}. ${prompt}` : line} />
      <LiveText text={text.slice(-400)} pace={3_000} />
    </section>
  );
}

function CopyOutput({ text }: { readonly text: string }) {
  const [copied, setCopied] = useState<string | null>(null);
  const copy = () => void copyText(text).then(() => setCopied(text));
  return (
    <Button size="compact-sm" variant="default" disabled={text === ''} onClick={copy} data-testid="copy-output">
      {copied === text && text !== '' ? 'Copied' : 'Copy output'}
    </Button>
  );
}

interface ScreenProps {
  readonly runs: Runs;
  readonly takesInput: boolean;
  readonly onText: (text: string) => void;
}

function Screen({ runs, takesInput, onText }: ScreenProps) {
  const { feed, isMine, measured } = runs;
  const ended = runs.view?.state === 'finished';
  const host = useRef<HTMLDivElement>(null);
  const [screen, setScreen] = useState<TerminalScreen | null>(null);
  const colours = useComputedColorScheme('light');
  const latest = useRef({ feed, onText });
  useEffect(() => {
    latest.current = { feed, onText };
  });

  useEffect(() => {
    if (!host.current) return;
    let pending: ReturnType<typeof setTimeout> | undefined;
    const opened = new TerminalScreen(host.current, THEMES.light, {
      onInput: (text) => latest.current.feed?.send({ t: 'input', text }),
      onText: () => {
        pending ??= setTimeout(() => {
          pending = undefined;
          latest.current.onText(opened.plain.text);
        }, PLAIN_PACE);
      },
    });
    setScreen(opened);
    return () => {
      clearTimeout(pending);
      setScreen(null);
      opened.dispose();
    };
  }, []);

  useEffect(() => {
    screen?.setTheme(THEMES[colours]);
  }, [screen, colours]);
  useEffect(() => {
    screen?.setTakesInput(takesInput);
  }, [screen, takesInput]);
  useEffect(() => {
    if (!screen) return;
    if (!feed) return screen.clear();
    return feed.attach(screen);
  }, [screen, feed]);

  const fit = useCallback(() => {
    const size = screen?.fitting;
    if (!screen || !size) return;
    measured(size);
    const view = feed?.view.value;
    if (!feed || !view) return screen.resize(size.columns, size.rows);
    // What has ended keeps its line breaks; the height is free.
    if (ended) return screen.resize(view.columns, size.rows);
    // The one who started the run decides its size; others see it as that one does.
    if (!isMine || !takesInput) return;
    screen.resize(size.columns, size.rows);
    if (view.columns !== size.columns || view.rows !== size.rows) feed.send({ t: 'resize', ...size });
  }, [screen, feed, isMine, ended, takesInput, measured]);
  useFitting(host, fit);

  return (
    <div className="console-screen" data-testid="console">
      <div ref={host} className="console-host" />
    </div>
  );
}

/** Calls `fit` at first and whenever the element's size has settled. */
function useFitting(host: React.RefObject<HTMLDivElement | null>, fit: () => void): void {
  useEffect(() => {
    if (!host.current) return;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const observer = new ResizeObserver(() => {
      clearTimeout(timer);
      timer = setTimeout(fit, 80);
    });
    observer.observe(host.current);
    return () => {
      clearTimeout(timer);
      observer.disconnect();
    };
  }, [host, fit]);
}
