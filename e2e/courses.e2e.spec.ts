import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { eventually } from '@palimpsest/test-support';
import { spawnSync } from 'node:child_process';
import type { Browser } from 'playwright-core';
import { openBrowser, Person } from './browser.js';
import { Installation } from './installation.js';

jest.setTimeout(90_000);

/** A professor publishes; a student opens, works, hands in; a test locks. */
describe('a course', () => {
  const installation = new Installation();
  let browser: Browser;
  let hopper: Person;
  let ada: Person;

  beforeAll(async () => {
    await installation.start();
    browser = await openBrowser();
    [hopper, ada] = await Promise.all([
      Person.signIn(browser, installation, 'hopper'),
      Person.signIn(browser, installation, 'ada'),
    ]);
    await Promise.all([hopper.editorReady(), ada.editorReady()]);
  });
  afterAll(async () => {
    expect([...hopper.problems, ...ada.problems]).toEqual([]);
    await browser?.close();
    await installation.stop();
    installation.remove();
  });

  const line = (person: Person, title: string) => person.page.locator(`[data-testid=item][data-title="${title}"]`);
  const phase = (person: Person, title: string) => line(person, title).getByTestId('item-phase').innerText();

  /** What a control for day and time holds for a moment so many seconds from now. */
  const moment = (seconds: number) => {
    const at = new Date(Date.now() + seconds * 1000);
    return new Date(at.getTime() - at.getTimezoneOffset() * 60_000).toISOString().slice(0, 19);
  };

  async function publish(title: string, fill: () => Promise<void>): Promise<void> {
    await hopper.test('publish-open').click();
    await hopper.test('item-title').fill(title);
    await fill();
    await hopper.test('publish-submit').click();
    await line(hopper, title).waitFor();
  }

  it('shows its sections with what is published and how it stands', async () => {
    await Promise.all([hopper.test('course-link').click(), ada.test('course-link').click()]);
    await line(ada, 'Temperatures').waitFor();
    expect(await phase(ada, 'Temperatures')).toMatch(/^due in 1[34] d/);
    expect(await phase(ada, 'First test')).toMatch(/^begins /);
    expect(await line(ada, 'First test').getByRole('button').count()).toBe(0);
    expect(await ada.test('publish-open').count()).toBe(0);
    await line(hopper, 'First test').getByTestId('item-overview-open').waitFor();
  });

  it('a professor publishes an assignment; a student begins, works and hands in, and has a receipt', async () => {
    await publish('Loops', async () => {
      await hopper.test('item-releaseAt').fill(moment(-5));
      await hopper.test('item-dueAt').fill(moment(3_600));
    });
    await line(ada, 'Loops').waitFor();
    await line(ada, 'Loops').getByTestId('item-open').focus();
    await ada.page.keyboard.press('Enter');
    await ada.editorReady();
    await ada.typeAtEnd('# my work');
    await ada.saved();
    expect(await ada.test('work-phase').innerText()).toMatch(/^due in 59 min/);
    await ada.test('hand-in').click();
    const receipt = await ada.test('receipt').innerText();
    expect(receipt).toContain('in time');
    expect(receipt).toContain('yes: the log has exactly these contents');
    const download = ada.page.waitForEvent('download');
    await ada.test('download-proof').click();
    const proof = await (await download).path();
    const { status, stdout } = spawnSync('python3', ['-B', 'libs/evidence/verifier.py', proof], { encoding: 'utf8' });
    expect([status, stdout]).toEqual([0, expect.stringMatching(/WorkHandedIn[\s\S]*main\.py[\s\S]*OK/)]);
    await ada.page.keyboard.press('Escape');
    await eventually(async () => /^Handed in \d/.test(await ada.test('handed-in').innerText()), 'the note of it');
  });

  it('the professor sees who stands where, and extends', async () => {
    await line(hopper, 'Loops').getByTestId('item-overview-open').click();
    const row = hopper.test('overview-ada');
    await eventually(async () => (await row.innerText()).split('–').length === 1, 'all of the row');
    expect((await hopper.test('overview-ben').innerText()).split('–').length).toBe(4);
    await row.getByRole('button').click();
    await hopper.test('extension-until').fill(moment(7_200));
    await hopper.test('extension-save').click();
    await eventually(async () => (await row.innerText()).includes('extended'), 'the extension');
    await eventually(async () => /^due in 1 h 59 min/.test(await ada.test('work-phase').innerText()), 'more time');
    await hopper.page.keyboard.press('Escape');
  });

  it('a test is locked at its end, in the open page as well', async () => {
    await publish('Quick test', async () => {
      await hopper.test('item-kind').click();
      await hopper.page.getByRole('option', { name: /^Test/ }).click();
      await hopper.test('item-releaseAt').fill(moment(-5));
      await hopper.test('item-startAt').fill(moment(-5));
      await hopper.test('item-endAt').fill(moment(600));
    });
    await ada.test('course-link').click();
    await line(ada, 'Quick test').getByTestId('item-open').click();
    await ada.editorReady();
    expect(await ada.test('work-phase').innerText()).toMatch(/^locks in/);
    await line(hopper, 'Quick test').getByTestId('item-change').click();
    await hopper.test('item-endAt').fill(moment(3));
    await hopper.test('item-save').click();
    await ada.test('lock-badge').waitFor({ timeout: 15_000 });
    await eventually(async () => (await ada.test('hand-in').count()) === 0, 'no more handing in');
    expect(await ada.test('work-phase').innerText()).toMatch(/^locked since/);
    await eventually(
      async () =>
        (await ada.page.locator('[data-testid=editor] .cm-content').getAttribute('contenteditable')) === 'false',
      'the editor being read-only',
    );
  });
});
