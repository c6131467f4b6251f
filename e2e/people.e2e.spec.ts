import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { eventually } from '@palimpsest/test-support';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { openBrowser, Person } from './browser.js';
import { Installation } from './installation.js';

jest.setTimeout(120_000);

const OWN = 'a sentence that I can remember';

/** A professor brings a list in; a new student signs in, chooses a password, and sees where else she is signed in. */
describe('people come in', () => {
  const installation = new Installation();
  let browser: Browser;
  let hopper: Person;
  const contexts: BrowserContext[] = [];
  const passwords = new Map<string, string>();

  beforeAll(async () => {
    await installation.start();
    browser = await openBrowser();
    hopper = await Person.signIn(browser, installation, 'hopper');
    await hopper.editorReady();
  });
  afterAll(async () => {
    expect(hopper.problems).toEqual([]);
    await browser?.close();
    await installation.stop();
    installation.remove();
  });

  async function openPage(address = installation.address): Promise<Page> {
    const context = await browser.newContext({ viewport: { width: 1400, height: 860 } });
    contexts.push(context);
    const page = await context.newPage();
    page.setDefaultTimeout(20_000);
    await page.goto(address);
    return page;
  }

  async function signIn(username: string, password: string): Promise<Page> {
    const page = await openPage();
    await page.getByTestId('sign-in-username').fill(username);
    await page.getByTestId('sign-in-password').fill(password);
    await page.getByTestId('sign-in-submit').click();
    return page;
  }

  const roster = (text: string) => ({ name: 'class 7b.csv', mimeType: 'text/csv', buffer: Buffer.from(text) });
  const file = () => hopper.page.locator('input[type=file]');
  const counts = () => hopper.test('roster-counts').innerText();

  it('a professor sees what a list would change, errors with their lines, and that nothing has changed yet', async () => {
    await hopper.test('people-link').click();
    await hopper.test('member-count').waitFor();
    expect(await hopper.test('member-count').innerText()).toBe('5 people');
    await hopper.test('tab-import').click();
    await file().setInputFiles(roster('Benutzername;Vorname;Nachname\nnora;Nora;Nagy\n9x;Nine;X\nada;;\n'));
    await hopper.test('roster-rows').waitFor();
    expect(await counts()).toBe('1 error, 1 new account, 1 as it is. Rows with errors are left out.');
    const [first] = await hopper.page.locator('[data-testid=roster-rows] tbody tr').allInnerTexts();
    expect(first).toMatch(/^3\s+error\s+9x\s+Nine X/);
    expect(await hopper.test('column-firstName').inputValue()).toBe('Vorname');
    expect((await hopper.page.evaluate(() => document.body.innerText)).includes('Nora Nagy')).toBe(true);
    const elsewhere = await signIn('nora', 'no password yet');
    await elsewhere.getByTestId('sign-in-error').waitFor();
  });

  it('a column that is guessed wrong is chosen by hand, and a file that is none is refused in words', async () => {
    await file().setInputFiles(roster('Kürzel;Wer\nnora;Nora Nagy\n'));
    await eventually(
      async () => /No column of user names/.test(await hopper.test('roster-problem').innerText()),
      'the sentence about the column',
    );
    await file().setInputFiles({ ...roster(''), buffer: Buffer.from('Benutzername\nJos\xe9\n', 'latin1') });
    await eventually(
      async () => /not UTF-8/.test(await hopper.test('roster-problem').innerText()),
      'the sentence about UTF-8',
    );
  });

  it('confirmed, it is done, and the first passwords are given out once, as a file too', async () => {
    await file().setInputFiles(roster('\ufeffLogin,Name\r\nnora,"Nagy, Nora"\r\nadded,Added\r\n'));
    await hopper.test('roster-confirm').click();
    await hopper.test('roster-done').waitFor();
    const download = hopper.page.waitForEvent('download');
    await hopper.test('download-passwords').click();
    const text = await readFile(await (await download).path(), 'utf8');
    for (const [, username = '', password = ''] of text.matchAll(/^(\w+),.*,([a-z2-9]{14})\r$/gm))
      passwords.set(username, password);
    expect([...passwords.keys()]).toEqual(['nora', 'added']);
    expect(await hopper.test('password-of-nora').innerText()).toBe(passwords.get('nora'));
    // Once more the same file: there is nothing to do.
    await hopper.page.getByRole('button', { name: 'Another file' }).click();
    await file().setInputFiles(roster('Login,Name\nnora,"Nagy, Nora"\nadded,Added\n'));
    await eventually(async () => (await counts()) === '2 as they are.', 'nothing to change');
    expect(await hopper.test('roster-confirm').isDisabled()).toBe(true);
  });

  it('the new student signs in, chooses a password of her own, and works; the first one is of no use any more', async () => {
    const first = passwords.get('nora') ?? '';
    const nora = await signIn('nora', first);
    await nora.getByTestId('first-password').waitFor();
    await nora.getByTestId('old-password').fill(first);
    await nora.getByTestId('new-password').fill(OWN);
    await nora.getByTestId('repeated-password').fill(`${OWN}?`);
    expect(await nora.getByTestId('change-password').isDisabled()).toBe(true);
    await nora.getByTestId('repeated-password').fill(OWN);
    await nora.getByTestId('change-password').click();
    await nora.locator('[data-testid=editor] .cm-content').waitFor();
    const again = await signIn('nora', first);
    await again.getByTestId('sign-in-error').waitFor();
  });

  it('she sees where she is signed in and ends it there; that page asks for the password', async () => {
    const [here, elsewhere] = [await signIn('nora', OWN), await signIn('nora', OWN)];
    await elsewhere.locator('[data-testid=editor] .cm-content').waitFor();
    await here.locator('[data-testid=editor] .cm-content').waitFor();
    await here.getByTestId('user-menu').click();
    await here.getByTestId('my-account').click();
    const rows = here.locator('[data-testid=sessions] tbody tr');
    await eventually(async () => (await rows.count()) === 3, 'three places');
    expect(await rows.first().innerText()).toMatch(/Chrome on Linux/);
    await here.getByTestId('end-session').first().click(); // the newest after or before this one: that of the other page
    await eventually(async () => (await rows.count()) === 2, 'one place fewer');
    await elsewhere.getByText('Your session has ended').waitFor();
  });

  it('somebody comes in by a link of invitation, until it is revoked', async () => {
    await hopper.test('tab-invitations').click();
    await hopper.test('make-invitation').click();
    const link = await hopper.test('invitation-link').innerText();
    const guest = await openPage(link);
    expect(await guest.getByTestId('invited-to').innerText()).toBe('Welcome to Introduction to Python');
    await guest.getByTestId('invite-name').fill('Olga');
    await guest.getByTestId('invite-username').fill('ada');
    await guest.getByTestId('invite-password').fill(OWN);
    await guest.getByTestId('invite-submit').click();
    await guest.getByTestId('invite-problem').waitFor();
    await guest.getByTestId('invite-username').fill('olga');
    await guest.getByTestId('invite-submit').click();
    await guest.locator('[data-testid=editor] .cm-content').waitFor();
    // Whoever is signed in comes in as who they are.
    const other = await guest.context().newPage();
    await other.goto(link);
    await other.getByTestId('invite-join').click();
    await other.locator('[data-testid=editor] .cm-content').waitFor();
    await hopper.test('revoke-invitation').click();
    await eventually(async () => (await hopper.test('revoke-invitation').count()) === 0, 'the link being revoked');
    const late = await openPage(link);
    await late.getByTestId('invitation-problem').waitFor();
  });

  it('an administrator gives a one-time password and deactivates an account; five wrong ones make one wait', async () => {
    const admin = await Person.signIn(browser, installation, 'admin');
    await admin.test('people-link').click();
    await admin.test('tab-accounts').click();
    await admin.test('find-account').fill('olga');
    const row = admin.test('account-olga');
    await row.getByTestId('account-more').click();
    await admin.test('reset-password').click();
    const password = await admin.test('one-time-password').innerText();
    await admin.page.keyboard.press('Escape');
    const olga = await signIn('olga', password);
    await olga.getByTestId('first-password').waitFor();
    await row.getByTestId('account-active').click();
    await row.getByText('deactivated').waitFor();
    const out = await signIn('olga', password);
    expect(await out.getByTestId('sign-in-error').innerText()).toContain('deactivated');

    const guess = await openPage();
    await guess.getByTestId('sign-in-username').fill('added');
    for (let n = 0; n < 6; n++) {
      await guess.getByTestId('sign-in-password').fill(`wrong ${n}`);
      await Promise.all([
        guess.waitForResponse((response) => response.url().endsWith('/sign-in')),
        guess.getByTestId('sign-in-submit').click(),
      ]);
    }
    await eventually(
      async () => /^Try again in \d+ s$/.test(await guess.getByTestId('sign-in-submit').innerText()),
      'the button counting down',
    );
    expect(admin.problems).toEqual([]);
  });
});
