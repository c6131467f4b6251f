import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { type CourseEvent, type CourseId, encodeEvent, streamOf, type UserId } from '@palimpsest/domain';
import { createPostgresEventStore } from '@palimpsest/event-store';
import { eventually } from '@palimpsest/test-support';
import type { Browser } from 'playwright-core';
import { openBrowser, Person } from './browser.js';
import { Installation } from './installation.js';

jest.setTimeout(120_000);

/** Milliseconds in which a page that tried again would have done so at least three times. */
const THREE_TRIES = 3_000;

/** A run goes on whoever looks at it. In order: each step builds on what the one before left behind. */
describe('a person who may not look at a run any more', () => {
  const installation = new Installation();
  let browser: Browser;
  let ada: Person;
  /** Sockets to runs that Ada's page has opened. */
  let looks = 0;

  beforeAll(async () => {
    await installation.start();
    browser = await openBrowser();
    ada = await Person.signIn(browser, installation, 'ada');
    ada.page.on('websocket', (socket) => (looks += socket.url().includes('/runs/') ? 1 : 0));
    await ada.editorReady();
    await ada.replaceText('import time\nprint("it runs")\ntime.sleep(600)\n');
    await ada.saved();
    await ada.test('run-button').click();
    await ada.consoleShows('it runs');
  });

  afterAll(async () => {
    await browser?.close();
    await installation.stop();
    installation.remove();
  });

  const status = () => ada.test('run-status').innerText();

  async function told(sentence: string): Promise<void> {
    await ada.test('run-closing').waitFor();
    expect(await ada.test('run-closing').innerText()).toContain(sentence);
    expect(await status()).toBe('Ada ran main.py · not shown any more');
    const before = looks;
    await new Promise((done) => setTimeout(done, THREE_TRIES));
    expect(looks).toBe(before);
    expect(await ada.console()).toContain('it runs');
  }

  async function seesItAgain(): Promise<void> {
    await eventually(async () => (await status()) === 'Ada ran main.py · running', 'the run being shown again');
    expect(await ada.test('run-closing').count()).toBe(0);
    await eventually(async () => (await ada.console()).includes('it runs'), 'its output being drawn');
    expect((await ada.console()).match(/it runs/g)).toHaveLength(1);
  }

  /** What a professor will be able to do; there is no page for it yet. */
  async function record({ course, user }: Place, event: CourseEvent): Promise<void> {
    const store = createPostgresEventStore({ connectionString: installation.ownerUrl });
    const encoded = encodeEvent(event, { actor: { id: user, role: 'professor', via: 'web' } });
    await store.append(streamOf.course(course), [{ id: randomUUID(), ...encoded }], { expected: 'any' });
    await store.close();
  }

  it('is told that the session has ended, and sees the run again after signing in', async () => {
    const tab = await ada.page.context().newPage();
    await tab.goto(installation.address);
    const { status: answer } = await tab.evaluate(async () => {
      const { status } = await fetch('/api/auth/sign-out', { method: 'POST' });
      return { status };
    });
    expect(answer).toBeLessThan(300);
    await tab.close();
    await told('Your session has ended: sign in again.');
    await ada.test('sign-in-password').fill(passwordOf(installation, 'ada'));
    await ada.test('sign-in-submit').click();
    await seesItAgain();
  });

  it('is told that the right was taken away, and looks again when it is back', async () => {
    const place = await placeOf(ada);
    await record(place, { type: 'MemberRemoved', data: { user: place.user } });
    await told('You may not see this run any more.');
    await record(place, { type: 'MemberEnrolled', data: { user: place.user, role: 'student' } });
    await eventually(async () => {
      if ((await ada.test('run-open-again').count()) > 0) await ada.test('run-open-again').click();
      return (await ada.test('run-closing').count()) === 0;
    }, 'the run being there again');
    await seesItAgain();
    expect(ada.problems).toEqual([]);
  });
});

function passwordOf({ accounts }: Installation, username: string): string {
  return accounts.find((account) => account.username === username)?.password ?? '';
}

interface Place {
  readonly user: UserId;
  readonly course: CourseId;
}

/** Ids of the person and of the course. */
function placeOf({ page }: Person): Promise<Place> {
  return page.evaluate(async () => {
    const read = async (path: string) => (await (await fetch(path)).json()) as unknown;
    const { id } = (await read('/api/auth/me')) as { id: UserId };
    const [course] = (await read('/api/courses')) as { id: CourseId }[];
    if (!course) throw new Error('this person is in no course');
    return { user: id, course: course.id };
  });
}
