import { existsSync } from 'node:fs';
import { eventually } from '@palimpsest/test-support';
import { type Browser, chromium, type Page } from 'playwright-core';
import type { Installation } from './installation.js';

const CHROMIUM = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];

export function openBrowser(): Promise<Browser> {
  const executablePath = CHROMIUM.find((path) => existsSync(path));
  if (!executablePath) throw new Error('There is no Chromium: npm test installs it, or says what to install.');
  // --no-sandbox: Chromium's own sandbox does not start as root. The page is ours.
  const args = ['--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage', '--disable-background-networking'];
  return chromium.launch({ executablePath, args });
}

/** One person in a browser of their own. */
export class Person {
  readonly page: Page;
  /** Errors of the page: there should be none. */
  readonly problems: string[] = [];

  private constructor(page: Page) {
    this.page = page;
    page.on('pageerror', (error) => this.problems.push(error.message));
    page.setDefaultTimeout(20_000);
  }

  /** Opens the page in a fresh browser profile and signs in through the form. */
  static async signIn(browser: Browser, installation: Installation, username: string): Promise<Person> {
    const account = installation.accounts.find((candidate) => candidate.username === username);
    if (!account) throw new Error(`there is no account ${username}`);
    const context = await browser.newContext({ viewport: { width: 1400, height: 860 } });
    const person = new Person(await context.newPage());
    await person.page.goto(installation.address);
    await person.test('sign-in-username').fill(username);
    await person.test('sign-in-password').fill(account.password);
    await person.test('sign-in-submit').click();
    return person;
  }

  test(id: string) {
    return this.page.getByTestId(id);
  }

  /** The text in the editor, without the name flags of other people's cursors. */
  text(): Promise<string> {
    return this.page.evaluate(() =>
      [...document.querySelectorAll('[data-testid=editor] .cm-line')]
        .map((line) => {
          const copy = line.cloneNode(true) as HTMLElement;
          copy.querySelectorAll('[class*=ySelectionCaret], [class*=ySelectionInfo]').forEach((flag) => flag.remove());
          return (copy.textContent ?? '').replaceAll('\u2060', '');
        })
        .join('\n'),
    );
  }

  async editorReady(): Promise<void> {
    await this.page.locator('[data-testid=editor] .cm-content').waitFor();
    await this.saved();
  }

  /** Puts the cursor at the end of the file and types. */
  async typeAtEnd(text: string): Promise<void> {
    await this.page.locator('[data-testid=editor] .cm-content').click();
    await this.page.keyboard.press('ControlOrMeta+End');
    await this.page.keyboard.type(text, { delay: 12 });
  }

  /** Replaces everything in the editor by one paste. */
  async replaceText(text: string): Promise<void> {
    await this.page.locator('[data-testid=editor] .cm-content').click();
    await this.page.keyboard.press('ControlOrMeta+a');
    await this.page.keyboard.insertText(text);
  }

  async saved(): Promise<void> {
    await eventually(async () => /^Saved/.test(await this.test('save-state').innerText()), 'everything being saved');
  }

  /** The text that the log has for the open file: its recorded edits, applied one after the other. */
  loggedText(): Promise<string> {
    return this.page.evaluate(async () => {
      const file = /\/f\/([\w-]+)/.exec(location.pathname)?.[1] ?? '';
      return ((await (await fetch(`/api/files/${file}/at`)).json()) as { text: string }).text;
    });
  }

  async console(): Promise<string> {
    return (await this.test('console-text').textContent()) ?? '';
  }

  async consoleShows(text: string | RegExp): Promise<void> {
    let last = '';
    await eventually(
      async () => {
        last = await this.console();
        return typeof text === 'string' ? last.includes(text) : text.test(last);
      },
      () => `the console showing ${String(text)}; it shows ${JSON.stringify(last.slice(-600))}, which`,
      20_000,
    );
  }

  async typeInConsole(text: string): Promise<void> {
    await this.test('console').click();
    await this.page.keyboard.type(text);
    await this.page.keyboard.press('Enter');
  }
}
