import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { eventually } from '@palimpsest/test-support';
import type { Browser } from 'playwright-core';
import { openBrowser, Person } from './browser.js';
import { Installation } from './installation.js';

jest.setTimeout(120_000);

describe("another person's selection", () => {
  const installation = new Installation();
  let browser: Browser;
  let ada: Person;
  let ben: Person;

  beforeAll(async () => {
    await installation.start();
    browser = await openBrowser();
    [ada, ben] = await Promise.all([
      Person.signIn(browser, installation, 'ada'),
      Person.signIn(browser, installation, 'ben'),
    ]);
    await Promise.all([ada.editorReady(), ben.editorReady()]);
  });

  afterAll(async () => {
    await browser?.close();
    await installation.stop();
    installation.remove();
  });

  /** What of the text this person sees as selected by somebody else. */
  async function selectedBySomebodyElse({ page }: Person): Promise<string> {
    const marked = page.locator('[data-testid=editor] .cm-ySelection, [data-testid=editor] .cm-yLineSelection');
    return (await marked.allTextContents()).join('').replaceAll('\u2060', '');
  }

  async function adaSelectsEverything(text: string): Promise<void> {
    await ada.replaceText(text);
    await ada.page.keyboard.press('ControlOrMeta+a');
    await eventually(async () => (await selectedBySomebodyElse(ben)).includes(text), "Ben seeing Ada's selection");
  }

  it('goes when that person writes something else in its place', async () => {
    await adaSelectsEverything('first = 1');
    await ada.page.keyboard.insertText('second = 2');
    await eventually(async () => (await ben.text()) === 'second = 2', 'the new text');
    await eventually(async () => (await selectedBySomebodyElse(ben)) === '', 'the selection going', 1_000);
  });

  it('goes when others replace the text while that person is in the console', async () => {
    await adaSelectsEverything('third = 3');
    await ada.test('console').click();
    await ben.replaceText('fourth = 4');
    await eventually(async () => (await ada.text()) === 'fourth = 4', 'the new text');
    await eventually(async () => (await selectedBySomebodyElse(ben)) === '', 'the selection going');
    expect([...ada.problems, ...ben.problems]).toEqual([]);
  });
});
