import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { eventually } from '@palimpsest/test-support';
import type { Browser } from 'playwright-core';
import { openBrowser, Person } from './browser.js';
import { Installation } from './installation.js';

jest.setTimeout(120_000);

/**
 * The five steps of the first issue, in a real browser on a real installation, in order: each builds on what the one
 * before left behind, as in a lesson. `openStore` gives what EVENTSTORE_URL is to be, and what closes it.
 */
export function describeFirstLight(title: string, openStore?: () => Promise<OpenedStore>): void {
  describe(`${title}: two people edit one file, run it, a third replays it, a fourth audits it`, () =>
    firstLight(openStore));
}

export interface OpenedStore {
  readonly url: string;
  close(): Promise<void>;
}

function firstLight(openStore?: () => Promise<OpenedStore>): void {
  const installation = new Installation();
  let store: OpenedStore | undefined;
  let browser: Browser;
  let ada: Person;
  let ben: Person;
  let beforeKill = '';

  beforeAll(async () => {
    store = await openStore?.();
    installation.eventStoreUrl = store?.url;
    await installation.start();
    browser = await openBrowser();
  });

  afterAll(async () => {
    await browser?.close();
    await installation.stop();
    installation.remove();
    await store?.close();
  });

  it('1: two students type at once, see each other, and both texts are the same and saved', async () => {
    [ada, ben] = await Promise.all([
      Person.signIn(browser, installation, 'ada'),
      Person.signIn(browser, installation, 'ben'),
    ]);
    await Promise.all([ada.editorReady(), ben.editorReady()]);
    expect(await ada.test('editor-path').innerText()).toContain('main.py');
    await eventually(async () => (await ada.test('presence-person').count()) === 2, 'Ada seeing Ben');

    await ada.replaceText('name = input("Name? ")\nprint("Hello,", name)\nanswer = 6 * 7\n');
    await eventually(async () => (await ben.text()).includes('answer = 6 * 7'), "Ben seeing Ada's text");
    await ben.page.locator('[data-testid=editor] .cm-ySelectionCaret').first().waitFor();

    await Promise.all([
      ada.typeAtEnd('# written by Ada while Ben writes\n'),
      ben.typeAtEnd('# written by Ben while Ada writes\n'),
    ]);
    await eventually(async () => (await ada.text()) === (await ben.text()), 'the texts becoming the same');
    const letters = (text: string) => [...text].filter((letter) => letter === 'w').length;
    expect(letters((await ada.text()).split('answer')[1] ?? '')).toBe(6); // every typed letter, once
    await Promise.all([ada.saved(), ben.saved()]);
    // "Saved" is a promise about the log, not about the memory of the server.
    expect(await ada.loggedText()).toBe(await ada.text());
  });

  it('1: a file is made, and its address can be shared', async () => {
    await ada.test('new-file').click();
    await ada.test('file-path').fill('lib/shapes.py');
    await ada.test('file-submit').click();
    await eventually(
      async () => (await ada.test('editor-path').innerText()).includes('lib/shapes.py'),
      'the new file opening',
    );
    await ada.editorReady();
    await ada.typeAtEnd('def area(r): return 3.14 * r * r\n');
    await ada.saved();
    await ben.page.goto(ada.page.url());
    await eventually(async () => (await ben.text()).includes('def area'), 'Ben opening it by its address');
    await ben.page.goto(installation.address);
    await ben.editorReady();
    await ada.page.goto(installation.address);
    await ada.editorReady();
    expect(await ada.test('editor-path').innerText()).toContain('main.py');
  });

  it('1: a file that a person may only read says so and takes no typing', async () => {
    await ben
      .test('workspace-select')
      .selectOption({ label: 'Lecture Notes' })
      .catch(async () => {
        await ben.test('workspace-select').click();
        await ben.page.getByRole('option', { name: /Lecture Notes/ }).click();
      });
    await ben.test('read-only-badge').waitFor();
    const before = await eventually(() => ben.text(), 'the text of the notes');
    await ben.typeAtEnd('graffiti');
    expect(await ben.text()).toBe(before);
    await ben.page.goto(installation.address);
    await ben.editorReady();
    expect(await ben.test('editor-path').innerText()).toContain('main.py');
  });

  it('2: a run streams to both, asks, answers, and ends as a prompt with its variables', async () => {
    await ada.replaceText('name = input("Name? ")\nprint("Hello,", name)\nanswer = 6 * 7\n');
    await ada.saved();
    await ada.test('run-button').click();
    await Promise.all([ada.consoleShows('Name?'), ben.consoleShows('Name?')]);
    await ada.typeInConsole('Ada Lovelace');
    await Promise.all([ada.consoleShows('Hello, Ada Lovelace'), ben.consoleShows('Hello, Ada Lovelace')]);
    await ada.consoleShows('>>>');
    await eventually(
      async () => /Python prompt/.test(await ada.test('run-status').innerText()),
      'the status naming the prompt',
    );
    await ben.typeInConsole('answer + 1');
    await Promise.all([ada.consoleShows(/^43\s*$/m), ben.consoleShows(/^43\s*$/m)]);
  });

  it('2: a run survives its browser: another tab shows all of its output and goes on with it', async () => {
    await ada.page.close();
    ada = await Person.signIn(browser, installation, 'ada');
    await ada.editorReady();
    await ada.consoleShows('Hello, Ada Lovelace');
    await ada.consoleShows(/^43\s*$/m);
    await ada.typeInConsole('name.upper()');
    await ada.consoleShows("'ADA LOVELACE'");
  });

  it('2: Stop ends a loop that never ends', async () => {
    await ada.replaceText('print("started")\nwhile True:\n    pass\n');
    await ada.saved();
    await ada.test('run-button').click();
    await ada.consoleShows('started');
    await ada.test('stop-button').click();
    await eventually(
      async () => /[Ss]topped/.test(await ada.test('run-status').innerText()),
      'the status saying stopped',
    );
    await ada.test('run-button').waitFor();
  });

  it('3: a professor moves through the history, edit by edit, and sees who wrote what and where the run stands', async () => {
    const professor = await Person.signIn(browser, installation, 'hopper');
    await professor.editorReady();
    await professor.test('history-button').click();
    await professor.test('replay-drawer').waitFor();
    const slider = professor.test('replay-slider');
    await slider.focus();
    await professor.page.keyboard.press('Home');
    const replayText = () => professor.test('replay-text').innerText();
    const first = await eventually(replayText, 'a text in the replay');
    const authors = new Set<string>();
    const texts = new Set<string>();
    let runOutput = '';
    for (let step = 0; step < 140; step++) {
      await professor.page.keyboard.press('ArrowRight');
      texts.add(await replayText());
      authors.add(await professor.test('replay-author').first().innerText());
      const output = professor.test('replay-run-output');
      if (runOutput === '' && (await output.count()) > 0) runOutput = await output.first().innerText();
    }
    expect(texts.size).toBeGreaterThan(60);
    expect([...authors].join()).toMatch(/Ada/);
    expect([...authors].join()).toMatch(/Ben/);
    await professor.page.keyboard.press('End');
    await eventually(async () => (await replayText()).includes('while True'), 'the last moment');
    expect(await professor.test('replay-run-output').first().innerText()).toContain('started');
    expect(runOutput).toContain('Name?');
    await professor.page.keyboard.press('Home');
    await eventually(async () => (await replayText()) === first, 'the first moment again');
    await professor.test('replay-play').click();
    await eventually(async () => (await replayText()) !== first, 'the replay playing by itself');
    expect(professor.problems).toEqual([]);
    await professor.page.context().close();
  });

  it('4: an auditor lists the events, filtered by person and kind', async () => {
    const auditor = await Person.signIn(browser, installation, 'auditor');
    await auditor.test('audit-table').waitFor();
    const rows = () => auditor.test('audit-row').allInnerTexts();
    await eventually(async () => (await rows()).length > 20, 'rows of the log');
    await auditor.page.goto(`${installation.address}/audit?q=actor:ada+type:RunRequested`);
    const filtered = await eventually(async () => {
      const texts = await rows();
      return texts.length === 2 && texts;
    }, 'the two runs that Ada asked for');
    for (const row of filtered) expect(row).toMatch(/Ada[\s\S]*main\.py/);
    await auditor.page.goto(`${installation.address}/audit?q=actor:hopper+action:history.view`);
    await eventually(async () => (await rows()).length === 1, "the professor's look, recorded");
    expect(auditor.problems).toEqual([]);
    await auditor.page.context().close();
  });

  it('5: after kill -9 of everything, every edit, run and output is there', async () => {
    await ada.replaceText('print("before the power cut")\nx = input()\n');
    await ada.saved();
    await ada.test('run-button').click();
    await ada.consoleShows('before the power cut');
    await ben.page.goto(installation.address);
    await ben.editorReady();
    await ben.typeAtEnd('# the last thing that was acknowledged');
    await ben.saved();
    beforeKill = await ben.text();
    await installation.kill();
    await eventually(
      async () => /[Oo]ffline/.test(await ada.test('save-state').innerText()),
      'the page saying that it is offline',
    );
    await installation.start();

    const again = await Person.signIn(browser, installation, 'chloe');
    await again.editorReady();
    expect(await again.text()).toBe(beforeKill);
    await again.consoleShows('before the power cut');
    await eventually(
      async () => /[Ii]nterrupted/.test(await again.test('run-status').innerText()),
      'the run ending as interrupted',
    );
    await eventually(async () => (await ada.text()) === beforeKill, 'the open page coming back by itself');
    await ada.typeAtEnd('\n# and on it goes');
    await ada.saved();
    expect(ada.problems).toEqual([]);
    await again.page.context().close();
  });

  it('5: a second start takes nothing away, and Ctrl-C leaves no process behind', async () => {
    expect(await installation.stop()).toEqual([]);
    await installation.start();
    const health = (await (await fetch(`${installation.address}/api/health`)).json()) as {
      ok: boolean;
      sandbox: string;
    };
    expect(health).toMatchObject({ ok: true });
    expect(['full', 'no-cgroup']).toContain(health.sandbox);
    expect(await installation.stop()).toEqual([]);
  });
}
