import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import type { Browser, Locator } from 'playwright-core';
import { openBrowser, Person } from './browser.js';
import { Installation } from './installation.js';

jest.setTimeout(90_000);

/** A student takes her work and her data along, a professor a dataset of the course. */
describe('exports', () => {
  const installation = new Installation();
  const folder = mkdtempSync(join(tmpdir(), 'palimpsest-downloads-'));
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
    rmSync(folder, { recursive: true, force: true });
  });

  async function downloaded(person: Person, link: Locator): Promise<{ path: string; name: string; bytes: Buffer }> {
    const [download] = await Promise.all([person.page.waitForEvent('download'), link.click()]);
    const name = download.suggestedFilename();
    const path = join(folder, name);
    await download.saveAs(path);
    return { path, name, bytes: readFileSync(path) };
  }

  it('a student takes the history of a workspace to Git, its files of a moment, and her data', async () => {
    await ada.typeAtEnd('# taken along\n');
    await ada.saved();
    await ada.test('files-menu').click();
    await ada.test('open-exports').click();
    const { path } = await downloaded(ada, ada.test('export-git'));
    execFileSync('/usr/bin/git', ['clone', '-q', path, join(folder, 'clone')]);
    expect(execFileSync('/usr/bin/git', ['-C', join(folder, 'clone'), 'log', '-p'], { encoding: 'utf8' })).toContain(
      '# taken along',
    );
    const now = new Date();
    const local = new Date(now.getTime() - now.getTimezoneOffset() * 60_000).toISOString().slice(0, 19);
    await ada.test('export-moment').fill(local);
    const then = await downloaded(ada, ada.test('export-zip-then'));
    expect(then.bytes.subarray(0, 2).toString()).toBe('PK');
    await ada.page.keyboard.press('Escape');

    await ada.test('user-menu').click();
    await ada.test('my-account').click();
    await ada.test('tab-data').click();
    const data = await downloaded(ada, ada.test('export-own-data'));
    expect(data.name).toBe('My data.zip');
    expect(data.bytes.includes('manifest.json')).toBe(true);
  });

  it('a professor takes a dataset of the course, and has no choice that would name people', async () => {
    await hopper.test('course-link').click();
    await hopper.test('course-exports').click();
    const { name, bytes } = await downloaded(hopper, hopper.test('export-progsnap2'));
    expect(name).toBe('Introduction to Python (ProgSnap2, strict).zip');
    expect(bytes.includes('MainTable.csv')).toBe(true);
    expect(await hopper.test('export-progsnap2-identified').count()).toBe(0);
  });
});
