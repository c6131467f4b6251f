import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { eventually } from '@palimpsest/test-support';
import type { Browser } from 'playwright-core';
import { openBrowser, Person } from './browser.js';
import { Installation } from './installation.js';

jest.setTimeout(120_000);

/** Every process in turn dies by kill -9 while a person works: it comes back by itself and what was saved is there. */
describe('kill -9 of one process while somebody works', () => {
  const installation = new Installation();
  let browser: Browser;
  let ada: Person;

  beforeAll(async () => {
    await installation.start();
    browser = await openBrowser();
    ada = await Person.signIn(browser, installation, 'ada');
    await ada.editorReady();
    await ada.replaceText('print("alive")\nline = input("more? ")\n');
    await ada.saved();
  });

  afterAll(async () => {
    await browser?.close();
    await installation.stop();
    installation.remove();
  });

  async function typesOn(mark: string): Promise<void> {
    await ada.typeAtEnd(`# ${mark}\n`);
    await eventually(
      async () => /^Saved/.test(await ada.test('save-state').innerText()),
      `${mark} being saved`,
      30_000,
    );
    expect(await ada.text()).toContain(mark);
    expect(await eventually(() => ada.loggedText().catch(() => ''), 'the log', 20_000)).toBe(await ada.text());
  }

  it.each([
    ['the api', /apps\/api\/dist\/main\.js/],
    ['Postgres', /native\/bin\/postgres -D/],
    ['the executor', /libs\/executor\/dist\/main\.js/],
  ])('%s', async (name, pattern) => {
    const before = await ada.text();
    await installation.killOne(pattern);
    await typesOn(`typed after ${name} was killed`);
    expect(await ada.text()).toContain(before.trimEnd());
  });

  it('the executor with a program in it: the run ends as interrupted with what it had printed, and the next one runs', async () => {
    await ada.test('run-button').click();
    await ada.consoleShows('more?');
    await installation.killOne(/libs\/executor\/dist\/main\.js/);
    await eventually(
      async () => /[Ii]nterrupted/.test(await ada.test('run-status').innerText()),
      'the status saying interrupted',
      20_000,
    );
    expect(await ada.console()).toContain('alive');
    await ada.test('run-button').click();
    await eventually(
      async () => (await ada.test('run-status').innerText()).includes('running'),
      'the next run',
      20_000,
    );
    await ada.typeInConsole('yes');
    await ada.consoleShows('>>>');
    expect(ada.problems).toEqual([]);
  });
});
