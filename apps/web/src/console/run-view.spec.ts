import { describe, expect, it } from '@jest/globals';
import type { RunServerMessage } from '@palimpsest/protocol/wire';
import { afterMessage, describePrompt, describeRun, emptyView, isAlive, isBusy, type RunView } from './run-view.js';

const requested: RunServerMessage = {
  t: 'requested',
  by: 'u1',
  byName: 'ada',
  mode: 'script',
  entry: 'main.py',
  columns: 100,
  rows: 30,
  at: 0,
};
const started: RunServerMessage = { t: 'started', sandbox: 'full', at: 1 };
const after = (...messages: RunServerMessage[]): RunView => messages.reduce(afterMessage, emptyView('r1'));

describe('the view of a run', () => {
  it('says who ran what', () => {
    expect(describeRun(after())).toBe('Connecting to the run');
    expect(describeRun(after(requested))).toBe('ada ran main.py · waiting to start');
    expect(describeRun(after(requested, started))).toBe('ada ran main.py · running');
  });

  it('says where it stands while it waits, and forgets it when it starts', () => {
    const place = (before: number): RunServerMessage => ({
      t: 'place',
      before,
      text: `${before} runs start before it`,
    });
    expect(describeRun(after(requested, place(3)))).toBe('ada ran main.py · waiting to start: 3 runs start before it');
    expect(describeRun(after(requested, place(3), place(2)))).toContain('waiting to start: 2 runs');
    expect(describeRun(after(requested, place(2), started))).toBe('ada ran main.py · running');
    expect(describeRun(after(requested, started, place(2)))).toBe('ada ran main.py · running');
  });

  it('tells the prompt after a program from the program', () => {
    const view = after(requested, started, { t: 'repl', script: { kind: 'completed' } });
    expect(describeRun(view)).toBe('ada ran main.py · Python prompt');
    expect(describePrompt(view)).toBe('The program has ended; its variables are here: type Python');
    expect([isAlive(view), isBusy(view)]).toEqual([true, false]);
  });

  it('keeps what the program did to files in order, also after its end, and bounded', () => {
    const produced = (n: number, change: 'created' | 'deleted' = 'created'): RunServerMessage => {
      return { t: 'produced', file: `f${n}`, path: `${n}.txt`, change, text: `wrote ${n}.txt` };
    };
    const finished: RunServerMessage = { t: 'finished', text: 'The program ended.', outcome: 'exited', at: 2 };
    const view = after(requested, started, produced(1), finished, produced(2, 'deleted'), {
      ...{ t: 'notKept', sentences: ['l was not kept: it is a link.'], more: 2 },
    });
    expect(view.files).toEqual([
      { kind: 'produced', file: 'f1', path: '1.txt', canOpen: true, text: 'wrote 1.txt' },
      { kind: 'produced', file: 'f2', path: '2.txt', canOpen: false, text: 'wrote 2.txt' },
      { kind: 'notKept', text: 'l was not kept: it is a link.' },
      { kind: 'notKept', text: '2 more were not kept.' },
    ]);
    const many = after(requested, ...Array.from({ length: 250 }, (_, n) => produced(n)));
    expect(many.files).toHaveLength(200);
    expect(many.files.at(-1)?.text).toBe('wrote 249.txt');
  });

  it('names the exception that ended the program', () => {
    const view = after(requested, started, { t: 'repl', script: { kind: 'raised', exception: 'NameError' } });
    expect(describePrompt(view)).toBe('The program stopped with NameError; its variables are here: type Python');
  });

  it('keeps the latest error, counts them, and keeps every figure in order', () => {
    const error = (exception: string): RunServerMessage => ({
      ...{ t: 'error', exception, message: '', path: 'main.py', line: 3, explanation: null, traceback: '' },
    });
    const figure = (sha256: string): RunServerMessage => ({
      ...{ t: 'figure', sha256, mediaType: 'image/png', bytes: 9, width: 640, height: 480 },
    });
    const view = after(requested, started, error('A'), figure('1'), error('B'), figure('2'), figure('1'));
    expect([view.error?.exception, view.errorCount]).toEqual(['B', 2]);
    expect(view.figures.map(({ sha256 }) => sha256)).toEqual(['1', '2', '1']);
  });

  it('says why it ended and who stopped it', () => {
    const finished: RunServerMessage = { t: 'finished', text: 'Stopped.', outcome: 'cancelled', at: 2 };
    expect(describeRun(after(requested, started, finished))).toBe('ada ran main.py · ended: Stopped.');
    const stopped = after(requested, started, { t: 'cancelled', byName: 'bob' }, finished);
    expect(describeRun(stopped)).toBe('ada ran main.py · ended: Stopped by bob.');
    expect(isAlive(stopped)).toBe(false);
  });

  it('says that the line is lost without forgetting what was known', () => {
    expect(describeRun({ ...after(requested, started), link: 'lost' })).toBe(
      'ada ran main.py · running · connection lost, trying again',
    );
  });

  it('does not speak of a run that it may not look at any more as if it were there', () => {
    const closing = { sentence: 'You may not see this run any more.', mayOpenAgain: true };
    const view: RunView = { ...after(requested, started), link: 'closed', closing };
    expect(describeRun(view)).toBe('ada ran main.py · not shown any more');
    expect([isAlive(view), isBusy(view), describePrompt({ ...view, state: 'repl' })]).toEqual([false, false, null]);
    const finished: RunServerMessage = { t: 'finished', text: 'Stopped.', outcome: 'cancelled', at: 2 };
    expect(describeRun({ ...after(requested, started, finished), link: 'closed', closing })).toBe(
      'ada ran main.py · ended: Stopped.',
    );
  });

  it('adopts the size of whoever started it', () => {
    const view = after(requested, { t: 'resized', columns: 50, rows: 10 });
    expect([view.columns, view.rows]).toEqual([50, 10]);
  });
});
