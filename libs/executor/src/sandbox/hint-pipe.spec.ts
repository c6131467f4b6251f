import { describe, expect, it } from '@jest/globals';
import { MOST_REPORT_BYTES, MOST_REPORTS, parseErrorReport } from './error-report.js';
import { type Hint, HintReader, parseHint } from './hint-pipe.js';

const ERROR = {
  exception: 'NameError',
  message: "name 'x' is not defined",
  path: 'main.py',
  line: 3,
  explanation: { id: 'name-unknown', text: 'Nothing has this name.' },
  traceback: 'Traceback',
};
const line = (change: object = {}) => JSON.stringify({ ...ERROR, ...change });

describe('a report of an error', () => {
  it('is taken as it is', () => {
    expect(parseErrorReport(line())).toEqual(ERROR);
    expect(parseErrorReport(line({ explanation: null, path: null, line: null }))).toMatchObject({ path: null });
  });

  it.each([
    ['no JSON', 'x'],
    ['null', 'null'],
    ['a list', '[]'],
    ['no exception', line({ exception: '' })],
    ['a long exception', line({ exception: 'E'.repeat(201) })],
    ['a message that is a number', line({ message: 3 })],
    ['a long message', line({ message: 'x'.repeat(2001) })],
    ['a long traceback', line({ traceback: 'x'.repeat(12_201) })],
    ['a line without a path', line({ path: null })],
    ['half a line', line({ line: 1.5 })],
    ['an explanation without an id', line({ explanation: { text: 'x' } })],
    ['an id of other letters', line({ explanation: { id: 'A B', text: 'x' } })],
    ['a long explanation', line({ explanation: { id: 'name-typo', text: 'x'.repeat(1201) } })],
  ])('with %s is none', (_name, json) => {
    expect(parseErrorReport(json)).toBeUndefined();
  });

  it.each(['../etc/passwd', '/etc/passwd', 'a\u202eb', '', 'x'.repeat(2000)])(
    'has no place for the path %j',
    (path) => {
      expect(parseErrorReport(line({ path }))).toMatchObject({ exception: 'NameError', path: null, line: null });
    },
  );

  it('has no place outside of a file', () => {
    expect(parseErrorReport(line({ line: 0 }))).toMatchObject({ path: null, line: null });
    expect(parseErrorReport(line({ line: 1_000_001 }))).toMatchObject({ path: null, line: null });
  });

  it('has only what can be printed and stored', () => {
    const told = parseErrorReport(line({ message: 'a\u0000\u001b[31m\n\tb\ud800😀\u009b' }));
    expect(told?.message).toBe('a\ufffd\ufffd[31m\n\tb\ufffd😀\ufffd');
  });
});

describe('the pipe', () => {
  function read(...pieces: (string | Buffer)[]): Hint[] {
    const hints: Hint[] = [];
    const reader = new HintReader((hint) => hints.push(hint));
    for (const piece of pieces) reader.take(Buffer.from(piece as string));
    return hints;
  }

  it('is read however its lines are cut', () => {
    const text = `\nstarted\n\n\nerror ${line({ message: 'ä' })}\n\nrepl raised NameError\n`;
    const whole = read(text);
    expect(whole.map(({ kind }) => kind)).toEqual(['started', 'error', 'repl']);
    expect(read(...[...Buffer.from(text)].map((byte) => Buffer.from([byte])))).toEqual(whole);
  });

  it(`gives ${MOST_REPORTS} errors of a run`, () => {
    const hints = read(...Array.from({ length: MOST_REPORTS + 1 }, () => `error ${line()}\n`), 'repl completed\n');
    expect(hints.filter(({ kind }) => kind === 'error')).toHaveLength(MOST_REPORTS);
    expect(hints.at(-1)?.kind).toBe('repl');
  });

  it('passes over a line that is too long and takes the next', () => {
    expect(read(`error ${line()}${' '.repeat(MOST_REPORT_BYTES)}\nending\n`)).toEqual([{ kind: 'ending' }]);
    expect(read('x'.repeat(3_000_000), 'x'.repeat(3_000_000), '\nending\n')).toEqual([{ kind: 'ending' }]);
  });

  it('hears 4096 bytes of words, and of the others as before', () => {
    expect(read('nonsense\n'.repeat(450), 'ending\n')).toHaveLength(1);
    expect(read('nonsense\n'.repeat(460), 'ending\n', `error ${line()}\n`).map(({ kind }) => kind)).toEqual(['error']);
  });

  it('is given up after 64 MB', () => {
    const reader = new HintReader(() => undefined);
    const piece = Buffer.alloc(1024 * 1024, 'x');
    for (let n = 0; n < 64; n++) expect(reader.take(piece)).toBe(true);
    expect(reader.take(Buffer.from('x'))).toBe(false);
  });

  it.each(['repl raised a b', 'repl raised', 'repl exit 1e3', 'repl', 'figure', 'error', ''])(
    '"%s" says nothing more',
    (text) => {
      const hint = parseHint(text);
      expect(hint === undefined || hint.kind === 'repl').toBe(true);
    },
  );
});
