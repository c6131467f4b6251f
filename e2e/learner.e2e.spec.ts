import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { eventually } from '@palimpsest/test-support';
import type { Browser } from 'playwright-core';
import { openBrowser, Person } from './browser.js';
import { Installation } from './installation.js';

jest.setTimeout(120_000);

describe('what a learner sees of errors, plots and what is not allowed', () => {
  const installation = new Installation();
  let browser: Browser;
  let ada: Person;
  let hopper: Person;

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

  async function run(person: Person, program: string): Promise<void> {
    await person.replaceText(program);
    await eventually(async () => (await person.text()).includes(program.split('\n')[0] ?? ''), 'the new program');
    await person.saved();
    await eventually(async () => person.test('run-button').isEnabled(), 'Run being there');
    await person.test('run-button').click();
  }

  it('an error is explained in the terminal and in a card, whose link leads to its line', async () => {
    await run(ada, 'count = 3\n\nfor i in range(2):\n    print(coutn)\n# the last line\n');
    await ada.consoleShows('NameError');
    await ada.consoleShows('Did you mean "count"?');
    await ada.test('error-card').waitFor();
    expect(await ada.test('error-card').getAttribute('data-explanation')).toBe('name-typo');
    expect(await ada.test('error-explanation').innerText()).toContain('Did you mean "count"?');
    expect(await ada.test('error-traceback').isVisible()).toBe(false);
    await ada.test('error-traceback-summary').click();
    expect(await ada.test('error-traceback').innerText()).toContain('Traceback (most recent call last)');
    expect(await ada.test('error-line').innerText()).toBe('main.py, line 4');
    await ada.test('error-line').click();
    await ada.page.keyboard.type('X');
    await eventually(
      async () => (await ada.text()).includes('    Xprint(coutn)'),
      'the cursor on the line of the error',
    );
  });

  it('the link opens the file that the error is in', async () => {
    await ada.test('new-file').click();
    await ada.test('file-path').fill('lib/broken.py');
    await ada.test('file-submit').click();
    await eventually(async () => (await ada.test('editor-path').innerText()).includes('lib/broken.py'), 'the new file');
    await ada.editorReady();
    await ada.replaceText('x = 1\ny = x / 0\n');
    await ada.saved();
    await ada.page.goto(installation.address);
    await ada.editorReady();
    await run(ada, 'from lib import broken\n');
    await eventually(async () => (await ada.test('error-title').innerText()).includes('ZeroDivision'), 'the new error');
    expect(await ada.test('error-line').innerText()).toBe('lib/broken.py, line 2');
    await ada.test('error-line').click();
    await eventually(async () => (await ada.text()).includes('y = x / 0'), 'the file of the error');
    await ada.editorReady();
    await eventually(async () => {
      const active = await ada.page.locator('[data-testid=editor] .cm-activeLine').allInnerTexts();
      return active.join().includes('y = x / 0');
    }, 'the cursor on its line');
    await ada.page.goto(installation.address);
    await ada.editorReady();
  });

  it('a plot is shown in the console, to others who look as well', async () => {
    await run(ada, 'import matplotlib.pyplot as plt\nplt.plot([1, 4, 9])\nplt.show()\nprint("shown")\n');
    await ada.consoleShows('shown');
    hopper = await Person.signIn(browser, installation, 'hopper');
    await hopper.editorReady();
    await hopper.page.goto(ada.page.url());
    for (const person of [ada, hopper])
      await eventually(
        () =>
          person.test('figure').evaluateAll((images) => {
            const [image] = images as HTMLImageElement[];
            return images.length === 1 && image?.complete === true && image.naturalWidth === 640;
          }),
        'the picture',
        30_000,
      );
  });

  it('a module is refused with who can allow it, until the professor does', async () => {
    const program = 'import subprocess\nsubprocess.run(["echo", "it ran"])\n';
    await run(ada, program);
    await ada.consoleShows('is not allowed in this course');
    await ada.test('error-card').waitFor();
    expect(await ada.test('error-card').getAttribute('data-explanation')).toBe('module-refused');
    expect(await ada.test('error-explanation').innerText()).toContain(
      'A professor of the course can allow "subprocess"',
    );
    expect(await ada.test('course-settings').count()).toBe(0);

    await hopper.test('course-settings').click();
    const subprocess = hopper.test('module-subprocess');
    await subprocess.waitFor({ state: 'attached' });
    await eventually(async () => !(await subprocess.isChecked()), 'the rule as it is');
    await subprocess.focus();
    await hopper.page.keyboard.press('Space');
    await eventually(() => subprocess.isChecked(), 'the new rule');
    await eventually(async () => {
      const text = await hopper.page.getByRole('dialog').innerText();
      return (text.match(/default of this installation/g) ?? []).length === 7;
    }, 'the rule being the course’s own');

    await run(ada, `${program}# once more\n`);
    await ada.consoleShows('it ran');
    for (const person of [ada, hopper]) expect(person.problems).toEqual([]);
  });
});
