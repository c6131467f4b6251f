import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { CLOSE, type RunServerMessage } from '@palimpsest/protocol/wire';
import { RunFeed } from './run-feed.js';

/** The browser's end of a socket whose other end is the test. */
class Line extends EventTarget {
  readyState = 1;

  say(...messages: readonly RunServerMessage[]): void {
    for (const message of messages)
      this.dispatchEvent(Object.assign(new Event('message'), { data: JSON.stringify(message) }));
  }

  end(code: number, reason = ''): void {
    this.readyState = 3;
    this.dispatchEvent(Object.assign(new Event('close'), { code, reason }));
  }

  close(): void {
    this.readyState = 2;
  }
}

const requested: RunServerMessage = {
  ...{ t: 'requested', by: 'u1', byName: 'ada', mode: 'script', entry: 'main.py', columns: 80, rows: 24, at: 0 },
};
const history: readonly RunServerMessage[] = [requested, { t: 'started', sandbox: 'full', at: 1 }, { t: 'live' }];

describe('the feed of a run', () => {
  let lines: Line[];
  let feed: RunFeed;
  const shown: string[] = [];
  const sink = { clear: () => void shown.splice(0), write: (text: string) => void shown.push(text), resize: () => {} };

  beforeEach(() => {
    jest.useFakeTimers();
    lines = [];
    feed = new RunFeed('r1', () => {
      const line = new Line();
      lines.push(line);
      return line as unknown as WebSocket;
    });
    feed.attach(sink);
    lines[0]?.say(...history, { t: 'output', text: 'hello' });
  });
  afterEach(() => {
    feed.close();
    jest.useRealTimers();
    shown.length = 0;
  });

  it.each([
    [CLOSE.forbidden, 'This run is read-only for you now: open it again to look at it.'],
    [CLOSE.unauthenticated, 'Your session has ended: sign in again.'],
    [CLOSE.notFound, ''],
    [CLOSE.badMessage, 'a run takes input, resize and cancel'],
  ])('says why it was closed with %i, keeps what it showed, and does not try again', (code, reason) => {
    lines[0]?.end(code, reason);
    jest.advanceTimersByTime(600_000);
    expect(lines).toHaveLength(1);
    expect(feed.view.value.link).toBe('closed');
    expect(feed.view.value.closing?.sentence).toMatch(/^[A-Z].+\.$/);
    expect(shown).toEqual(['hello']);
  });

  it.each([CLOSE.goingAway, CLOSE.unavailable, CLOSE.limited, 1006])('comes back by itself after %i', (code) => {
    lines[0]?.end(code, 'come back');
    expect(feed.view.value).toMatchObject({ link: 'lost', closing: null });
    jest.advanceTimersByTime(400);
    expect(lines).toHaveLength(2);
    lines[1]?.say(...history.slice(0, 2), { t: 'output', text: 'hello again' });
    expect(shown).toEqual(['hello']); // until the new connection has all of it
    lines[1]?.say({ t: 'live' });
    expect(shown).toEqual(['hello again']);
    expect(feed.view.value).toMatchObject({ link: 'open', state: 'running' });
  });

  it('opens again when the person asks, and not for one that was left', () => {
    feed.openAgain();
    expect(lines).toHaveLength(1); // it is open
    lines[0]?.end(CLOSE.forbidden, 'You may not see this run any more.');
    feed.openAgain();
    expect(lines).toHaveLength(2);
    lines[1]?.say(...history);
    expect(feed.view.value).toMatchObject({ link: 'open', closing: null });
    lines[1]?.end(CLOSE.notFound);
    feed.close();
    feed.openAgain();
    expect(lines).toHaveLength(2);
  });

  it('a run that has ended has nothing to come back for, and needs no words', () => {
    lines[0]?.say({ t: 'finished', text: 'Stopped.', outcome: 'cancelled', at: 2 });
    lines[0]?.end(1006);
    jest.advanceTimersByTime(600_000);
    expect(lines).toHaveLength(1);
    expect(feed.view.value).toMatchObject({ link: 'closed', closing: null });
  });
});
