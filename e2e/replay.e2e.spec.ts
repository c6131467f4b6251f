import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { eventually } from '@palimpsest/test-support';
import type { Browser } from 'playwright-core';
import { openBrowser, Person } from './browser.js';
import { Installation } from './installation.js';

jest.setTimeout(120_000);

const PASTED = 'def area(width, height):\n    return width * height\n';

describe('the history of a file, from end to end', () => {
  const installation = new Installation();
  let browser: Browser;
  let ada: Person;

  beforeAll(async () => {
    await installation.start();
    browser = await openBrowser();
    ada = await Person.signIn(browser, installation, 'ada');
    await ada.editorReady();
    await ada.replaceText('');
    await ada.typeAtEnd('x = 1 ');
    await ada.page.keyboard.insertText(PASTED);
    await ada.typeAtEnd('# end');
    await ada.saved();
  });

  afterAll(async () => {
    await browser?.close();
    await installation.stop();
    installation.remove();
  });

  const text = () => ada.test('replay-text').locator('.cm-content').innerText();
  const position = () => ada.test('replay-position').innerText();
  const press = (key: string) => ada.page.keyboard.press(key);

  it('opens at the newest moment, and goes by keys to the beginning and from mark to mark', async () => {
    await ada.test('history-button').click();
    await eventually(async () => (await text()).includes('# end'), 'the newest text');
    await ada.test('replay-slider').focus();
    await press('Home');
    await eventually(async () => (await position()).startsWith('Edit 0 of'), 'the beginning');
    for (let n = 0; n < 5 && (await ada.test('replay-origin').count()) === 0; n++) await press('Shift+ArrowRight');
    expect(await text()).toMatch(/^x = 1 def area/);
    expect(await text()).not.toContain('# end');
  });

  it('says of a pasted text where it was before, as far as the texts of the course tell', async () => {
    const origin = () => ada.test('replay-origin').innerText();
    await eventually(async () => /^Pasted: not found in the texts of this course/.test(await origin()), 'the origin');
    expect(await ada.test('replay-author').innerText()).toMatch(/pasted/);
  });

  it('says of each character who wrote it, when and how', async () => {
    await ada.test('replay-written').check();
    await ada.test('replay-text').getByText('area').first().hover();
    await eventually(
      async () => /^Ada, .*, pasted$/.test(await ada.page.locator('.replay-tooltip').innerText()),
      'the words at the pointer',
    );
    await ada.page.mouse.move(0, 0);
    await ada.page.screenshot({ path: process.env['PALIMPSEST_SHOT'] ?? `${installation.data}/replay.png` });
  });

  it('has a link to the moment', async () => {
    const at = /^Edit (\d+)/.exec(await position())?.[1];
    await eventually(() => new URL(ada.page.url()).searchParams.get('at') === at, 'the moment in the address');
    await ada.page.reload();
    await ada.test('replay-drawer').waitFor();
    await eventually(async () => (await position()).startsWith(`Edit ${at} of`), 'the same moment');
  });

  it('compares the moment with the newest, and lists what happened', async () => {
    await ada.test('replay-view').getByText('Compare').click();
    await eventually(async () => (await ada.test('replay-inserted').allInnerTexts()).join('').includes('# end'), 'it');
    expect(await ada.test('replay-inserted').first().getAttribute('title')).toContain('written by Ada');
    await ada.test('replay-view').getByText('Log').click();
    await eventually(async () => (await ada.test('replay-log-entry').count()) > 2, 'the log');
    await ada.test('replay-view').getByText('Play', { exact: true }).click();
  });

  it('restores the moment as one more edit, which everybody sees at once', async () => {
    await ada.test('replay-restore').click();
    await eventually(async () => /newest again/.test(await ada.test('replay-restored').innerText()), 'the answer');
    await eventually(async () => !(await ada.text()).includes('# end'), 'the editor having it');
    await ada.test('replay-refresh').click();
    await eventually(async () => !(await text()).includes('# end'), 'the history having it');
    expect(ada.problems).toEqual([]);
  });
});
