import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { eventually } from '@palimpsest/test-support';
import type { Browser } from 'playwright-core';
import { openBrowser, Person } from './browser.js';
import { Installation } from './installation.js';

jest.setTimeout(90_000);

/** A student works; the student and the professor see what happened, and exactly the code that ran. */
describe('what happened', () => {
  const installation = new Installation();
  let browser: Browser;
  let ada: Person;
  let hopper: Person;

  beforeAll(async () => {
    await installation.start();
    browser = await openBrowser();
    [ada, hopper] = await Promise.all([
      Person.signIn(browser, installation, 'ada'),
      Person.signIn(browser, installation, 'hopper'),
    ]);
    await Promise.all([ada.editorReady(), hopper.editorReady()]);
  });
  afterAll(async () => {
    expect([...ada.problems, ...hopper.problems]).toEqual([]);
    await browser?.close();
    await installation.stop();
    installation.remove();
  });

  const rows = (person: Person, kind: string) =>
    person.page.locator(`[data-testid=timeline-row][data-kind=${kind}]`).allInnerTexts();

  it('is a timeline of the workspace: typing, and a run with its error', async () => {
    await ada.test('workspace-select').click();
    await ada.page.getByRole('option', { name: /Ada/ }).click();
    await ada.editorReady();
    await ada.replaceText('name = input("Name? ")\nprint("Hi", name)\nprint(nam)\n');
    await ada.saved();
    await ada.test('run-button').click();
    await ada.consoleShows('Name? ');
    await ada.typeInConsole('Ada');
    await ada.consoleShows('NameError');
    await ada.replaceText('print("better")\n');
    await ada.saved();
    await ada.test('activity-button').click();
    await ada.test('timeline').waitFor();
    await eventually(async () => {
      await ada.page.getByRole('button', { name: 'Read again' }).click();
      return (await rows(ada, 'run')).some((text) => text.includes('NameError, line 3'));
    }, 'the run with its error');
    expect(
      (await rows(ada, 'edit')).some((text) => /edited main\.py: \d+ edits?, \d+ characters typed/.test(text)),
    ).toBe(true);
    expect((await rows(ada, 'input'))[0]).toContain('typed into a program: Ada⏎');
    const moment = await ada.test('to-moment').first().getAttribute('href');
    expect(moment).toMatch(/^\/w\/[\w-]+\/f\/[\w-]+\?at=\d{4}-/);
  });

  it('can be filtered by kind, by keyboard, and the address carries the filter', async () => {
    await ada.test('kind-run').focus();
    await ada.page.keyboard.press('Space');
    // While the answer is awaited there are no rows at all.
    await eventually(
      async () => (await rows(ada, 'run')).length === 1 && (await rows(ada, 'edit')).length === 0,
      'only the run',
    );
    expect(new URL(ada.page.url()).search).toBe('?kinds=run');
  });

  it('is played: from file to file as it was written, with what the programs printed by then', async () => {
    const made = await ada.page.evaluate(async () => {
      const workspace = /\/w\/([^/]+)/.exec(location.pathname)?.[1];
      const { status } = await fetch(`/api/workspaces/${workspace}/files`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ path: 'second.py', text: 'print("another file")\n' }),
      });
      return status;
    });
    expect(made).toBe(201);
    await ada.test('tab-play').click();
    await ada.test('play-stage').waitFor();
    await eventually(async () => {
      const files = await ada.page.locator('[data-testid=play-row][data-kind=edit]').allInnerTexts();
      if (files.some((text) => text.includes('second.py'))) return true;
      await ada.page.getByRole('button', { name: 'Read again' }).click();
      return false;
    }, 'the edits of both files');
    const shown = () => ada.test('replay-text').locator('.cm-content').innerText();
    const file = () => ada.test('play-file').innerText();
    expect(await ada.test('replay-no-run').count()).toBe(1);
    await ada.test('replay-speed').getByText('2×').click();
    await ada.test('replay-play').click();
    await eventually(async () => (await file()) === 'main.py' && (await shown()).includes('print(nam)'), 'main.py');
    await eventually(async () => (await ada.test('replay-run-output').innerText()).includes('Name? '), 'the output');
    await eventually(async () => (await file()) === 'second.py', 'the other file', 40_000);
    expect(await shown()).toContain('another file');
    await eventually(async () => (await ada.test('replay-play').innerText()) === 'Play', 'the end');
    // Back to the run by its row, and by keys: the text is the one that ran, and the error is not there before it was.
    await ada.page.locator('[data-testid=play-row][data-kind=run]').click();
    expect(await file()).toBe('main.py');
    expect(await shown()).toContain('print(nam)');
    expect(await ada.test('replay-run-error').count()).toBe(0);
    await ada.page.keyboard.press('Shift+ArrowRight');
    await ada.page.keyboard.press('End');
    await eventually(async () => (await ada.test('replay-run-error').count()) === 1, 'the error');
    await ada.page.keyboard.press('Home');
    expect(await ada.test('replay-no-run').count()).toBe(1);
    await ada.page.getByRole('tab', { name: 'Timeline' }).click();
    await ada.test('kind-run').focus();
    await ada.page.keyboard.press('Space');
    await eventually(async () => (await rows(ada, 'run')).length === 1, 'the run in the timeline');
  });

  it('leads to the run: output, input, error, and the code that ran with the line of the error, though it was changed', async () => {
    await ada.test('to-run').first().click();
    await ada.test('run-page').waitFor();
    expect(await ada.test('run-output').innerText()).toContain('Hi Ada');
    expect(await ada.test('run-inputs').innerText()).toContain('Ada⏎');
    expect(await ada.test('run-error').innerText()).toContain('main.py, line 3');
    const line = ada.page.locator('[data-testid=run-code] .error-in-line');
    expect((await line.innerText()).trim()).toBe('print(nam)← NameError in this line');
    await ada.test('run-compare').click({ force: true });
    const changes = await ada.test('code-changes').innerText();
    expect(changes).toContain('- print(nam)');
    expect(changes).toContain('+ print("better")');
  });

  it('is seen by the professor, by student, and the student is told who looked', async () => {
    await hopper.test('people-link').click();
    await hopper.test('activity-of-ada').click();
    await hopper.test('tab-runs').click();
    await hopper.test('run-exception').fill('NameError');
    await eventually(async () => (await hopper.test('run-row').count()) === 1, 'the run');
    expect(await hopper.test('run-row').innerText()).toContain('NameError');
    await eventually(
      async () => /^What Ada .*did$/.test(await hopper.test('activity-title').innerText()),
      'the name in the title',
    );
    await hopper.test('tab-sessions').click();
    expect(await hopper.test('session-row').first().innerText()).toContain('1, 1 with errors');
    await hopper.test('play-session').first().click();
    await hopper.test('play-stage').waitFor();
    await hopper.test('play-slider').focus();
    await hopper.page.keyboard.press('End');
    await eventually(
      async () => (await hopper.test('play-file').innerText()) === 'second.py',
      'her session at its end',
    );
    await ada.test('user-menu').click();
    await ada.test('who-looked').click();
    await eventually(async () => (await ada.test('looks').innerText()).includes('Activity of Ada'), 'the look');
  });
});
