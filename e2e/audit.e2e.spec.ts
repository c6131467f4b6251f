import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { eventually } from '@palimpsest/test-support';
import type { EventProofDto } from '@palimpsest/protocol';
import type { Browser } from 'playwright-core';
import { openBrowser, Person } from './browser.js';
import { Installation } from './installation.js';

jest.setTimeout(120_000);

describe('the page of the audit log', () => {
  const installation = new Installation();
  let browser: Browser;
  let auditor: Person;

  beforeAll(async () => {
    await installation.start();
    browser = await openBrowser();
    const ada = await Person.signIn(browser, installation, 'ada');
    await ada.editorReady();
    await ada.typeAtEnd('# audited\n');
    await ada.saved();
    await ada.page.goto(`${installation.address}/system`);
    await ada.page.waitForLoadState('networkidle');
    await ada.page.context().close();
    auditor = await Person.signIn(browser, installation, 'auditor');
    await auditor.test('audit-table').waitFor();
  });
  afterAll(async () => {
    await browser?.close();
    await installation.stop();
    installation.remove();
  });

  const actions = () => auditor.page.locator('[data-testid=audit-row] td:nth-child(4)').allInnerTexts();
  async function ask(query: string): Promise<void> {
    await auditor.test('audit-query').fill(query);
    await auditor.test('audit-query').press('Enter');
  }

  it('answers what is asked in its language, keeps it in its address, and shows it as chips', async () => {
    await ask('actor:ada action:file.* -action:file.store');
    await eventually(async () => {
      const shown = await actions();
      return shown.length > 0 && shown.every((action) => action.startsWith('file.') && action !== 'file.store');
    }, 'only what Ada did to files');
    expect(new URL(auditor.page.url()).searchParams.get('q')).toBe('actor:ada action:file.* -action:file.store');
    expect(await auditor.test('audit-chip').allInnerTexts()).toEqual([
      'actor:ada ×',
      'action:file.* ×',
      '-action:file.store ×',
    ]);
    expect(await auditor.test('audit-histogram').getAttribute('aria-label')).toMatch(/^\d+ entr/);
    await auditor.test('audit-chip').nth(1).click();
    await eventually(async () => (await actions()).some((action) => !action.startsWith('file.')), 'other actions');
    await auditor.page.goBack();
    await eventually(async () => (await actions()).every((action) => action.startsWith('file.')), 'files again');
  });

  it('says what is wrong with a query before it is sent, and helps', async () => {
    await auditor.test('audit-query').fill('acton:ada');
    expect(await auditor.test('audit-mistake').innerText()).toContain('Did you mean `action:`?');
    expect(await auditor.test('audit-ask').isDisabled()).toBe(true);
    await auditor.test('audit-help').click();
    expect(await auditor.test('audit-help-text').innerText()).toContain('affected:');
    await auditor.test('audit-help').click();
  });

  it('has quick filters that write the query', async () => {
    await ask('');
    await auditor.test('audit-outcome').selectOption('refused');
    await eventually(async () => (await actions()).includes('access.refuse'), "Ada's refusal");
    expect(new URL(auditor.page.url()).searchParams.get('q')).toBe('outcome:refused');
    expect(await auditor.test('audit-query').inputValue()).toBe('outcome:refused');
  });

  it('shows everything of a row, and the way to its moment', async () => {
    await ask('actor:ada action:file.edit');
    await eventually(async () => (await actions())[0] === 'file.edit', "Ada's edits");
    await auditor.test('audit-more').first().click();
    expect(await auditor.test('audit-detail').innerText()).toMatch(
      /FileEdited[\s\S]*Stream[\s\S]*file-[\s\S]*Revision/,
    );
    const replay = await auditor.test('audit-replay').first().getAttribute('href');
    expect(replay).toMatch(/^\/w\/[0-9a-f-]{36}\/f\/[0-9a-f-]{36}\?at=20\d\d-/);
  });

  it('gives the proof of a row, which names the event of the row', async () => {
    const position = await auditor.page
      .locator('[data-testid=audit-detail] div', { hasText: 'Place in the log' })
      .locator('dd')
      .innerText();
    await auditor.page.evaluate(() => fetch('/api/evidence/checkpoints', { method: 'POST' }));
    const download = auditor.page.waitForEvent('download');
    await auditor.test('download-proof').click();
    const proof = JSON.parse(readFileSync((await (await download).path()) ?? '', 'utf8')) as EventProofDto;
    expect(proof).toMatchObject({ format: 'palimpsest-proof', leafHash: expect.any(String) });
    const asked = await auditor.page.evaluate(
      (of) => fetch(`/api/evidence/proof?position=${of}`).then((answer) => answer.json() as Promise<EventProofDto>),
      position,
    );
    expect([proof.index, proof.leafHash]).toEqual([asked.index, asked.leafHash]);
  });

  it('opens the moment of a row in the history of its file, for whoever may see it', async () => {
    const moment = await auditor.test('audit-replay').getAttribute('href');
    await auditor.page.goto(`${installation.address}${moment}`);
    await auditor.test('replay-drawer').waitFor();
    await eventually(async () => /^\d+$/.test(new URL(auditor.page.url()).searchParams.get('at') ?? ''), 'a moment');
    await auditor.page.goBack();
    await auditor.test('audit-table').waitFor();
  });

  it('exports exactly what is asked for', async () => {
    const download = auditor.page.waitForEvent('download');
    await auditor.test('audit-export-csv').click();
    const file = await download;
    expect(file.suggestedFilename()).toMatch(/^audit-\d+\.zip$/);
    expect(readFileSync((await file.path()) ?? '').includes('manifest.json')).toBe(true);
    await ask('action:export.*');
    await eventually(async () => {
      if ((await actions()).length === 2) return true;
      await auditor.test('audit-refresh').click(); // the log is read only when somebody asks
      return false;
    }, 'the export in the log');
    if (process.env['AUDIT_SCREENSHOT']) {
      await auditor.test('audit-more').first().click();
      await auditor.page.screenshot({ path: process.env['AUDIT_SCREENSHOT'], fullPage: true });
    }
    expect(auditor.problems).toEqual([]);
  });
});
