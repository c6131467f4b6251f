import { spawn } from 'node:child_process';
import { resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { eventually } from '@palimpsest/test-support';
import type { Browser } from 'playwright-core';
import { openBrowser, Person } from './browser.js';
import { Installation } from './installation.js';

jest.setTimeout(120_000);

const ROOT = resolve(import.meta.dirname, '..');

/** What a projection that works may be called at any moment, also while it is being rebuilt. */
const PROJECTIONS = ['directory', 'runs', 'audit', 'metrics', 'activity', 'run-queue', 'write-back', 'evidence'];
const WELL = /^(up to date|catching up \d+ %)$/;

interface Ended {
  readonly code: number | null;
  readonly output: string;
}

/** As an operator types it, beside the classroom that runs. Jest's own settings must not reach it. */
function palimpsest(installation: Installation, ...words: string[]): Promise<Ended> {
  const { NODE_OPTIONS: _, NODE_ENV: __, JEST_WORKER_ID: ___, EVENTSTORE_URL: ____, ...env } = process.env;
  const command = spawn(process.execPath, ['tools/palimpsest.mjs', ...words, '--data', installation.data], {
    cwd: ROOT,
    stdio: ['ignore', 'pipe', 'pipe'],
    env,
  });
  let output = '';
  for (const stream of [command.stdout, command.stderr])
    stream.on('data', (chunk: Buffer) => (output += chunk.toString()));
  return new Promise((ended) => command.once('close', (code) => ended({ code, output })));
}

describe('the page that shows an operator the state of the system', () => {
  const installation = new Installation();
  let browser: Browser;
  let auditor: Person;

  beforeAll(async () => {
    await installation.start();
    browser = await openBrowser();
    auditor = await Person.signIn(browser, installation, 'auditor');
  });

  afterAll(async () => {
    await browser?.close();
    await installation.stop();
    installation.remove();
  });

  const states = () => auditor.test('system-state').allInnerTexts();
  const allUpToDate = async () => {
    const shown = await states();
    return shown.length === PROJECTIONS.length && shown.every((state) => state === 'up to date');
  };

  it('an auditor follows the link and sees the store, and every projection up to date', async () => {
    await auditor.test('system-link').click();
    await auditor.test('system-page').waitFor();
    expect(new URL(auditor.page.url()).pathname).toBe('/system');
    await eventually(allUpToDate, 'everything being up to date');
    const names = await auditor
      .test('system-projection')
      .evaluateAll((rows) => rows.map((row) => row.getAttribute('data-name')));
    expect(names).toEqual(PROJECTIONS);
    expect(await auditor.test('system-store').innerText()).toMatch(/Postgres[\s\S]*reachable[\s\S]*position \d+/);
    expect(await auditor.test('system-summary').innerText()).toBe(`All ${names.length} are up to date.`);
    expect(await auditor.test('system-rebuild').count()).toBe(0);
    expect(await auditor.test('system-evidence-state').innerText()).toBe('as it was signed');
    await auditor.test('sign-checkpoint').click();
    const evidence = () => auditor.test('system-evidence').innerText();
    await eventually(async () => /Latest checkpoint\s+\d+ events, /.test(await evidence()), 'a checkpoint');
    await auditor.test('audit-link').click();
    await auditor.test('audit-table').waitFor();
    await auditor.page.goBack();
    await auditor.test('system-page').waitFor();
  });

  it('it looks again by itself: what somebody does elsewhere moves the head of the log', async () => {
    const head = () => auditor.test('system-store').innerText();
    const before = await eventually(head, 'the store');
    const ada = await Person.signIn(browser, installation, 'ada');
    await ada.editorReady();
    await ada.typeAtEnd('# one more line\n');
    await ada.saved();
    await eventually(async () => (await head()) !== before, 'the newest position changing');
    await eventually(allUpToDate, 'the lists having it');
    await ada.page.context().close();
  });

  it('while everything is rebuilt by the command, and afterwards, it stays right', async () => {
    const changed = () => auditor.page.locator('[data-name=directory] time').getAttribute('datetime');
    const before = await changed();
    let ended: Ended | undefined;
    const command = palimpsest(installation, 'projections', 'rebuild', '--all').then((result) => (ended = result));
    const seen = new Set<string>();
    while (!ended) {
      for (const state of await states()) seen.add(state);
      expect(await auditor.test('system-problem').count()).toBe(0);
      expect(await auditor.test('system-fault').count()).toBe(0);
      await auditor.page.waitForTimeout(50);
    }
    const { code, output } = await command;
    expect({ code, output }).toEqual({
      code: 0,
      output: expect.stringMatching(/directory: [\s\S]*runs: [\s\S]*audit: [\s\S]*metrics: /),
    });
    for (const state of seen) expect(state).toMatch(WELL);
    await eventually(async () => (await changed()) !== before, 'the page showing the new list');
    await eventually(allUpToDate, 'everything being up to date again');
    await eventually(
      async () => (await auditor.test('system-rebuild').count()) === 0,
      'no rebuild being shown any more',
    );
    expect(auditor.problems).toEqual([]);
  });

  it('a student finds no link, and is told plainly at the address; the auditor can read that', async () => {
    const ben = await Person.signIn(browser, installation, 'ben');
    await ben.editorReady();
    expect(await ben.test('system-link').count()).toBe(0);
    await ben.page.goto(`${installation.address}/system`);
    await ben.test('system-refused').waitFor();
    expect(await ben.test('system-refused').innerText()).toContain('Only auditors and administrators');
    expect(await ben.test('system-store').count()).toBe(0);
    await ben.page.waitForTimeout(4_500); // two more looks, if it went on
    await ben.page.getByRole('button', { name: 'To my work' }).click();
    await ben.editorReady();
    expect(ben.problems).toEqual([]);
    await auditor.page.goto(`${installation.address}/audit?q=actor:ben+type:AccessRefused`);
    await auditor.test('audit-row').first().waitFor();
    expect(await auditor.test('audit-row').allInnerTexts()).toEqual([
      expect.stringContaining('refused: see the state of the system'),
    ]);
    expect(auditor.problems).toEqual([]);
  });
});
