import { expect, it } from '@jest/globals';
import { count, counted, ProgressBar, size } from './progress-bar.js';

function bar(isTTY: boolean) {
  const written: string[] = [];
  let clock = 0;
  const progress = new ProgressBar({ isTTY, columns: 60, write: (text) => written.push(text) }, () => clock);
  const at = (ms: number, done: number, share: number | undefined, label = 'events') => {
    clock = ms;
    progress.show({ label, done, unit: 'events', share });
  };
  return { written, at, end: () => progress.end() };
}

it('redraws one line on a terminal, cut to its width, and leaves it standing', () => {
  const { written, at, end } = bar(true);
  at(0, 0, 0);
  at(50, 10, 0.1); // too early
  at(4000, 20_000, 0.5);
  at(4010, 40_000, 1); // the last is always drawn
  end();
  expect(written).toEqual([
    `\r\u001b[Kevents ${'░'.repeat(24)}   0 % · 0 events`,
    `\r\u001b[Kevents ${'█'.repeat(12)}${'░'.repeat(12)}  50 % · 20,000 events · 5,0`,
    expect.stringContaining('100 % · 40,000 events'),
    '\n',
  ]);
  expect(written[1]?.length).toBe('\r\u001b[K'.length + 59);
});

it('writes a line every five seconds elsewhere, with the rate and what is left', () => {
  const { written, at } = bar(false);
  at(0, 0, 0);
  at(4999, 4_000, 0.4);
  at(5000, 5_000, 0.5);
  at(6000, 3, undefined, 'blobs');
  expect(written).toHaveLength(3);
  expect(written[1]).toBe(`events ${'█'.repeat(12)}${'░'.repeat(12)}  50 % · 5,000 events · 1,000/s · 5 s left\n`);
  expect(written[2]).toBe('blobs: 3 events\n');
});

it('numbers for people', () => {
  expect([counted(0, 'file'), counted(1, 'file')]).toEqual(['0 files', '1 file']);
  expect([count(1234567), size(999), size(1000), size(6_332_319), size(2e15)]).toEqual([
    '1,234,567',
    '999 bytes',
    '1.0 kB',
    '6.3 MB',
    '2000.0 TB',
  ]);
});
