import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { eventually } from '@palimpsest/test-support';
import type { Browser } from 'playwright-core';
import { openBrowser, Person } from './browser.js';
import { Installation } from './installation.js';

jest.setTimeout(120_000);

/** What the page does with the api's limits, with answers that get lost, and with who has looked; under its own policy. */
describe("the api's manners in the page", () => {
  const installation = new Installation();
  let browser: Browser;
  let ada: Person;
  const violations: string[] = [];

  beforeAll(async () => {
    installation.settings = { RUNS_PER_MINUTE: '2', MAX_LOAD_PER_CORE: '0', MIN_FREE_MEMORY_MB: '0' };
    await installation.start();
    browser = await openBrowser();
    ada = await Person.signIn(browser, installation, 'ada');
    ada.page.on('console', (message) => {
      if (/Content.Security.Policy|Refused to/.test(message.text())) violations.push(message.text());
    });
    await ada.editorReady();
  });

  afterAll(async () => {
    await browser?.close();
    await installation.stop();
    installation.remove();
  });

  const runButton = () => ada.test('run-button');

  async function own(person: Person): Promise<void> {
    await person.test('workspace-select').click();
    await person.page.getByRole('option', { name: /Ada/ }).click();
    await person.page.locator('[data-testid=editor] .cm-content').waitFor();
  }

  it('carries a command out once whose answer got lost on the way', async () => {
    await own(ada);
    await ada.saved();
    const keys: string[] = [];
    await ada.page.route(
      '**/api/workspaces/*/files',
      async (route) => {
        keys.push((await route.request().headerValue('idempotency-key')) ?? '');
        // The server has done it; the browser never hears of it.
        await route.fetch();
        await route.abort('connectionreset');
      },
      { times: 1 },
    );
    const answer = ada.page.waitForResponse(
      (response) => /\/files$/.test(response.url()) && response.request().method() === 'POST',
    );
    await ada.test('new-file').click();
    await ada.test('file-path').fill('lost.py');
    await ada.page.keyboard.press('Enter');
    const response = await answer;
    expect(response.status()).toBe(201);
    expect(response.headers()['idempotency-replayed']).toBe('true');
    expect(await response.request().headerValue('idempotency-key')).toBe(keys[0]);
    await eventually(async () => (await ada.page.getByText('lost.py').count()) > 0, 'the file in the list');
  });

  it('counts down on the button until the next run is taken', async () => {
    await ada.editorReady();
    for (const text of ['one', 'two']) {
      await ada.replaceText(`print("${text}")\n`);
      await ada.saved();
      await runButton().click();
      await ada.consoleShows(text);
      await eventually(
        async () => /Python prompt/.test(await ada.test('run-status').innerText()),
        'the prompt',
        20_000,
      );
    }
    await runButton().click();
    let shown = '';
    await eventually(
      async () => /^Next run in \d+ s$/.test((shown = await runButton().innerText({ timeout: 500 }))),
      () => `the countdown; it says "${shown}", which`,
    );
    const seconds = async () => Number(/\d+/.exec(await runButton().innerText())?.[0] ?? 0);
    const first = await seconds();
    expect(first).toBeLessThanOrEqual(60);
    expect(await runButton().isDisabled()).toBe(true);
    expect(await ada.test('run-problem').innerText()).toMatch(/^2 runs a minute used\. Next run in \d+ s\.$/);
    await eventually(async () => (await seconds()) < first, 'the seconds going down');
    await eventually(async () => (await runButton().innerText()) === 'Run', 'Run working again', 70_000);
    expect(await ada.test('run-problem').allInnerTexts()).toEqual([]);
    await runButton().click();
    await eventually(async () => /Starting|Stop|Run/.test(await ada.test('run-status').innerText()), 'the next run');
  });

  it('shows a student who has looked at their work', async () => {
    await ada.test('user-menu').click();
    await ada.test('who-looked').click();
    await ada.test('no-looks').waitFor();
    await ada.page.keyboard.press('Escape');
    const hopper = await Person.signIn(browser, installation, 'hopper');
    await hopper.editorReady();
    await own(hopper);
    await ada.test('user-menu').click();
    await ada.test('who-looked').click();
    await eventually(
      async () => /Hopper.*professor[\s\S]*Workspace/.test(await ada.test('looks').innerText()),
      'the look in the list',
    );
    expect(hopper.problems).toEqual([]);
  });

  it('worked under a policy that lets no inline script run', async () => {
    const { headers } = await fetch(installation.address);
    const policy = headers.get('content-security-policy') ?? '';
    expect(policy).toContain("script-src 'self';");
    expect(policy).not.toMatch(/script-src[^;]*unsafe/);
    expect(violations).toEqual([]);
    expect(ada.problems).toEqual([]);
  });
});
