import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { eventually } from '@palimpsest/test-support';
import type { Browser } from 'playwright-core';
import { openBrowser, Person } from './browser.js';
import { Installation } from './installation.js';

jest.setTimeout(120_000);

/** One place for programs: who comes second is told where they stand, and starts when the first one ends. */
describe('the place in the queue', () => {
  const installation = new Installation();
  let browser: Browser;
  let ada: Person;
  let hopper: Person;

  beforeAll(async () => {
    installation.settings = { MAX_CONCURRENT_EXECUTIONS: '1', MAX_LOAD_PER_CORE: '0', MIN_FREE_MEMORY_MB: '0' };
    await installation.start();
    browser = await openBrowser();
    [ada, hopper] = await Promise.all([
      Person.signIn(browser, installation, 'ada'),
      Person.signIn(browser, installation, 'hopper'),
    ]);
    await Promise.all([ada.editorReady(), hopper.editorReady()]);
  });

  afterAll(async () => {
    await browser?.close();
    await installation.stop();
    installation.remove();
  });

  const status = (person: Person) => person.test('run-status').innerText();

  it('is shown while one waits, and goes when the program starts', async () => {
    await ada.replaceText('import time\nprint("first", flush=True)\ntime.sleep(600)\n');
    await ada.saved();
    await ada.test('run-button').click();
    await ada.consoleShows('first');
    await ada.test('workspace-select').click();
    await ada.page.getByRole('option', { name: /Ada/ }).click();
    await ada.editorReady();
    await ada.replaceText('print("second")\n');
    await ada.saved();
    await ada.test('run-button').click();
    await eventually(
      async () => /waiting to start: it is next/.test(await status(ada)),
      'the place being shown',
      20_000,
    );
    expect(await ada.console()).not.toContain('second');
    // The professor stops the first one, which everybody in the shared workspace may.
    await eventually(
      async () => (await hopper.console()).includes('first'),
      'the professor seeing the first run',
      20_000,
    );
    await hopper.test('stop-button').click();
    await ada.consoleShows('second');
    await eventually(async () => /Python prompt/.test(await status(ada)), 'the status naming the prompt', 20_000);
    expect(await status(ada)).not.toContain('waiting');
    expect(ada.problems).toEqual([]);
  });
});
