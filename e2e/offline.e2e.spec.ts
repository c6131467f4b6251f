import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { cpSync, rmSync } from 'node:fs';
import { eventually } from '@palimpsest/test-support';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import * as Y from 'yjs';
import { openBrowser, Person } from './browser.js';
import { Installation } from './installation.js';

jest.setTimeout(120_000);

/**
 * What a person typed on a computer comes to the server, once, whatever happened to the page, the tab or the server in between,
 * and to nobody else. In order: each step builds on what the one before left behind.
 */
describe('edits made while the server is away', () => {
  const installation = new Installation();
  const backup = `${installation.data}-backup`;
  let browser: Browser;
  let ada: Person;
  let ben: Person;
  /** Ada's browser profile. */
  let profile: BrowserContext;

  beforeAll(async () => {
    await installation.start();
    browser = await openBrowser();
    [ada, ben] = await Promise.all([
      Person.signIn(browser, installation, 'ada'),
      Person.signIn(browser, installation, 'ben'),
    ]);
    profile = ada.page.context();
    await Promise.all([ada.editorReady(), ben.editorReady()]);
  });

  afterAll(async () => {
    await browser?.close();
    await installation.stop();
    installation.remove();
    rmSync(backup, { recursive: true, force: true });
  });

  /** A new tab of Ada's browser. */
  async function newTab(path = '/'): Promise<Person> {
    const tab = personOn(await profile.newPage());
    await tab.page.goto(`${installation.address}${path}`);
    return tab;
  }

  async function signInAs(tab: Person, username: string): Promise<void> {
    const password = installation.accounts.find((account) => account.username === username)?.password ?? '';
    await tab.test('sign-in-username').fill(username);
    await tab.test('sign-in-password').fill(password);
    await tab.test('sign-in-submit').click();
  }

  async function sameText(expected: RegExp): Promise<void> {
    await eventually(async () => expected.test(await ada.text()), `Ada seeing ${String(expected)}`);
    await eventually(async () => (await ben.text()) === (await ada.text()), 'Ben seeing what Ada sees');
    await Promise.all([ada.saved(), ben.saved()]);
    expect(await ada.loggedText()).toBe(await ada.text());
  }

  it('are counted, and kept on this computer', async () => {
    await ada.replaceText('print("before")\n');
    await ada.saved();
    await installation.kill();
    await shows(ada, /^Offline: everything typed is saved$/);
    await ada.typeAtEnd('# typed offline');
    await shows(ada, /^Offline: 15 changes kept on this computer$/);
  });

  it('are spoken of when the person wants to sign out', async () => {
    await ada.test('user-menu').click();
    await ada.test('sign-out').click();
    await ada.test('leave-warning').waitFor();
    expect(await ada.test('leave-warning').innerText()).toMatch(
      /^Offline: 15 changes kept on this computer\. They are kept on this computer for you/,
    );
    await ada.page.keyboard.press('Escape');
  });

  it('come, once, when the tab was closed and the page is opened again, and others see them', async () => {
    await ada.page.close();
    await installation.start();
    ada = await newTab();
    await ada.editorReady();
    await sameText(/^print\("before"\)\n# typed offline$/);
    expect(ada.problems).toEqual([]);
  });

  it('come from an open page by themselves, and the status says so at each moment', async () => {
    await installation.kill();
    await shows(ada, /^Offline/);
    await ada.typeAtEnd('\n# still here');
    await shows(ada, /^Offline: 13 changes kept on this computer$/);
    const seen = watchStatus(ada.page);
    await installation.start();
    await sameText(/# typed offline\n# still here$/);
    const words = await seen;
    expect(words.at(-1)).toMatch(/^Saved · \d\d:\d\d:\d\d$/);
    for (const word of words)
      expect(word).toMatch(/^(Offline: 13 changes kept on this computer|Saving 1?\d changes?|Saved · .*)$/);
  });

  it('come from two tabs, also when the one that stays is the other', async () => {
    const other = await newTab();
    await other.editorReady();
    await installation.kill();
    await Promise.all([shows(ada, /^Offline/), shows(other, /^Offline/)]);
    await ada.typeAtEnd('\n# tab one');
    await other.typeAtEnd('\n# tab two');
    await shows(other, /^Offline: 10 changes kept on this computer$/);
    await ada.page.close();
    await installation.start();
    ada = other;
    await sameText(/# tab one/);
    await sameText(/# tab two/);
    expect((await ada.text()).match(/# tab (one|two)/g)?.length).toBe(2);
    expect(ada.problems).toEqual([]);
  });

  it('are not shown to, nor sent for, another person in the same browser', async () => {
    await installation.kill();
    await shows(ada, /^Offline/);
    await ada.typeAtEnd('\n# private to Ada');
    await shows(ada, /^Offline: 17 changes kept on this computer$/);
    await ada.page.close();
    await profile.clearCookies();
    await installation.start();
    const chloe = await newTab();
    await signInAs(chloe, 'chloe');
    await chloe.editorReady();
    await chloe.typeAtEnd('\n# Chloe was here');
    await chloe.saved();
    expect(await chloe.text()).not.toContain('private');
    expect(await chloe.loggedText()).not.toContain('private');
    await chloe.page.close();
    await profile.clearCookies();
    ada = await newTab();
    await signInAs(ada, 'ada');
    await ada.editorReady();
    await sameText(/# private to Ada/);
    await sameText(/# Chloe was here/);
  });

  it('are in this tab only where the browser keeps nothing, and the status says so', async () => {
    const context = await browser.newContext();
    await context.addInitScript(() => {
      Object.defineProperty(window, 'indexedDB', {
        get: () => {
          throw new DOMException('storage is blocked', 'SecurityError');
        },
      });
    });
    const guest = personOn(await context.newPage());
    await guest.page.goto(installation.address);
    await signInAs(guest, 'chloe');
    await guest.editorReady();
    await installation.kill();
    await shows(guest, /^Offline/);
    await guest.typeAtEnd('\n# no storage');
    await shows(guest, /^Offline: 13 changes kept in this tab only$/);
    await installation.start();
    await guest.saved();
    await sameText(/# no storage/);
    expect(guest.problems).toEqual([]);
    await context.close();
  });

  it('come for a file that is not open, and become a text to copy if the server refuses them', async () => {
    await ada.test('new-file').click();
    await ada.test('file-path').fill('gone.py');
    await ada.test('file-submit').click();
    await eventually(async () => (await ada.test('editor-path').innerText()).includes('gone.py'), 'the new file');
    await ada.editorReady();
    const { pathname } = new URL(ada.page.url());
    await installation.kill();
    await shows(ada, /^Offline/);
    await ada.typeAtEnd('lost = "and found"');
    await shows(ada, /^Offline: \d+ changes kept on this computer$/);
    await ada.page.close();
    await installation.start();
    await ben.saved();
    expect(await deleteFile(ben.page, pathname)).toBe(true);

    ada = await newTab();
    await ada.editorReady();
    await ada.test('refused-changes').waitFor();
    expect(await ada.test('refused-changes').innerText()).toMatch(/gone\.py could not be saved/);
    await ada.test('copy-changes').click();
    await eventually(async () => (await ada.test('copy-changes').innerText()) === 'Copied', 'it being copied');
    await ada.page.reload();
    await ada.editorReady();
    await ada.test('refused-changes').waitFor();
    await shows(ada, /^Saved/);
    await ada.test('discard-changes').click();
    await ada.test('refused-changes').waitFor({ state: 'detached' });
    expect(ada.problems).toEqual([]);
  });

  it('come back when the server was set back to an earlier moment, each by its own author', async () => {
    await ada.replaceText('# kept\n');
    await sameText(/^# kept\n$/);
    await installation.stop();
    cpSync(installation.data, backup, { recursive: true });
    await installation.start();
    await Promise.all([ada.saved(), ben.saved()]);
    await ada.typeAtEnd('Ada1');
    await sameText(/Ada1$/);
    await ben.typeAtEnd(' Ben2');
    await sameText(/Ben2$/);
    await ada.typeAtEnd(' Ada3');
    await sameText(/^# kept\nAda1 Ben2 Ada3$/);
    await Promise.all([ada.page.close(), ben.page.close()]);
    await installation.stop();
    rmSync(installation.data, { recursive: true });
    cpSync(backup, installation.data, { recursive: true });
    await installation.start();

    ada = await newTab();
    await ada.page.locator('[data-testid=editor] .cm-content').waitFor();
    // What she wrote after Ben cannot stand without it: it waits, and the page does not say "Saved".
    await shows(ada, /held until the text of others is back$/);
    expect(await ada.text()).toBe('# kept\nAda1');
    const tab = personOn(await ben.page.context().newPage());
    await tab.page.goto(installation.address);
    ben = tab;
    await sameText(/^# kept\nAda1 Ben2 Ada3$/);
    expect(await authorsOf(ada.page)).toEqual(['Ada', 'Ben']);
  });
});

/** Texts that came into the log by another way than our editor. */
describe('a text that an editor could break', () => {
  const installation = new Installation();
  let browser: Browser;
  let ada: Person;

  beforeAll(async () => {
    await installation.start();
    browser = await openBrowser();
    ada = await Person.signIn(browser, installation, 'ada');
    await ada.editorReady();
  });

  afterAll(async () => {
    await browser?.close();
    await installation.stop();
    installation.remove();
  });

  /** Opens a new file with this text, written by another client of the same person. */
  async function openText(path: string, text: string): Promise<void> {
    const doc = new Y.Doc();
    doc.getText('text').insert(0, text);
    const workspace = /\/w\/([\w-]+)/.exec(ada.page.url())?.[1] ?? '';
    const file = await writeText(ada.page, workspace, path, Y.encodeStateAsUpdate(doc));
    await ada.page.goto(`${installation.address}/w/${workspace}/f/${file}`);
    await ada.page.locator('[data-testid=editor] .cm-content').waitFor();
  }

  it('keeps \\r\\n, also where somebody edits: letters, Enter, Backspace, paste', async () => {
    await openText('windows.py', 'if a:\r\n    b = 1\r\nc = 2\r\n');
    await ada.saved();
    await ada.typeAtEnd('d = 3\ne = 4');
    await press(ada, 'ControlOrMeta+Home', 'ArrowDown', 'End');
    await ada.page.keyboard.type('2\nx');
    // The letter, the indentation, the line end with both of its characters, the digit.
    await press(ada, 'Backspace', 'Backspace', 'Backspace', 'Backspace');
    await ada.page.keyboard.type('3');
    await press(ada, 'ControlOrMeta+Home', 'End', 'ArrowRight', 'ArrowLeft');
    await ada.page.keyboard.type('  # first');
    await press(ada, 'Delete', 'Enter');
    await ada.saved();
    expect(await ada.loggedText()).toBe('if a:  # first\r\n    b = 13\r\nc = 2\r\nd = 3\r\ne = 4');
    expect(ada.problems).toEqual([]);
  });

  it('keeps every character of every plane and direction', async () => {
    const text = 'print("😀🎉𝒳 e\u0301 👩‍👩‍👧‍👦 שלום مرحبا \u2028")\n';
    await openText('letters.py', text);
    await ada.typeAtEnd('# 🐍');
    await ada.page.keyboard.press('Backspace');
    await ada.page.keyboard.insertText('🦊');
    await ada.saved();
    expect(await ada.loggedText()).toBe(`${text}# 🦊`);
  });

  it.each([
    ['data.bin', 'PK\u0003\u0004\u0000\u0000', /not text/],
    ['long.py', 'x = 1  # 0123456789\n'.repeat(30_000), /600,000 characters.*up to 500,000/],
  ])('is shown read-only, with the reason: %s', async (path, text, reason) => {
    await openText(path, text);
    expect(await ada.test('file-obstacle').innerText()).toMatch(reason);
    await shows(ada, /^Read-only$/);
    await ada.page.locator('[data-testid=editor] .cm-content').click();
    await ada.page.keyboard.type('graffiti');
    expect(await ada.loggedText()).toBe(text);
    expect(ada.problems).toEqual([]);
  });
});

/** Makes a file and puts an update into it as a plain client of y-websocket does. Resolves to its id. */
function writeText(page: Page, workspace: string, path: string, update: Uint8Array): Promise<string> {
  return page.evaluate(
    async ({ base, body, bytes }) => {
      const request = { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) };
      const written = (await (await fetch(`${base}/files`, request)).json()) as { id: string; position: string };
      await fetch(`${base}?after=${encodeURIComponent(written.position)}`);
      const { id } = written;
      const payload = Array.from(bytes, (unit) => unit.charCodeAt(0));
      const length: number[] = [];
      for (let rest = bytes.length; ; rest = Math.floor(rest / 128)) {
        length.push(rest < 128 ? rest : (rest % 128) | 128);
        if (rest < 128) break;
      }
      const socket = new WebSocket(`${location.origin.replace('http', 'ws')}/collab/${id}?acks=1`);
      socket.binaryType = 'arraybuffer';
      socket.onopen = () => socket.send(Uint8Array.from([0, 2, ...length, ...payload]));
      await new Promise<void>((done, fail) => {
        socket.onclose = ({ code, reason }) => fail(new Error(`closed with ${code}: ${reason}`));
        socket.onmessage = ({ data }) => new Uint8Array(data as ArrayBuffer)[0] === 110 && done();
      });
      socket.close();
      return id;
    },
    { base: `/api/workspaces/${workspace}`, body: { path }, bytes: Buffer.from(update).toString('latin1') },
  );
}

/** Somebody on a page that is open already. */
function personOn(page: Page): Person {
  return Reflect.construct(Person, [page]) as Person;
}

async function press(person: Person, ...keys: string[]): Promise<void> {
  for (const key of keys) await person.page.keyboard.press(key);
}

async function shows(person: Person, words: RegExp): Promise<void> {
  let last = '';
  await eventually(
    async () => words.test((last = await person.test('save-state').innerText())),
    () => `the status ${String(words)}; it is ${JSON.stringify(last)}, which`,
    30_000,
  );
}

/** The words of the status from now on until it says that all is saved. */
function watchStatus(page: Page): Promise<string[]> {
  return page.evaluate(
    () =>
      new Promise<string[]>((resolve) => {
        const status = document.querySelector('[data-testid=save-state]');
        const words = [status?.textContent ?? ''];
        const observer = new MutationObserver(() => {
          const now = status?.textContent ?? '';
          if (now !== words.at(-1)) words.push(now);
          if (!now.startsWith('Saved')) return;
          observer.disconnect();
          resolve(words);
        });
        if (status) observer.observe(status, { subtree: true, childList: true, characterData: true });
      }),
  );
}

/** By the API, as the person of this page. `path` is the address of the open file. */
function deleteFile(page: Page, path: string): Promise<boolean> {
  return page.evaluate(async (address) => {
    const [, workspace, file] = /\/w\/([\w-]+)\/f\/([\w-]+)/.exec(address) ?? [];
    return (await fetch(`/api/workspaces/${workspace}/files/${file}`, { method: 'DELETE' })).ok;
  }, path);
}

/** First names of those who wrote what the open file has after its first line, as the log has it. */
function authorsOf(page: Page): Promise<string[]> {
  return page.evaluate(async () => {
    const file = /\/f\/([\w-]+)/.exec(location.pathname)?.[1] ?? '';
    const read = async <Body>(path: string) => (await (await fetch(`/api/files/${file}/${path}`)).json()) as Body;
    const { authors } = await read<{ authors: { name: string }[] }>('history');
    const { text, spans } = await read<{ text: string; spans: [units: number, author: number][] }>('at');
    const names = new Set<string>();
    let at = 0;
    for (const [units, author] of spans) {
      at += units;
      if (at > text.indexOf('\n') + 1) names.add(authors[author]?.name.split(' ')[0] ?? '');
    }
    return [...names].sort();
  });
}
