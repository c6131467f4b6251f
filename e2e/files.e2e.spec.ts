import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { eventually } from '@palimpsest/test-support';
import type { Browser } from 'playwright-core';
import { openBrowser, Person } from './browser.js';
import { Installation } from './installation.js';

jest.setTimeout(180_000);

/** Writes a text and a picture, changes the file that people have open, and waits to be told before each. */
const PROGRAM = `import os, struct, zlib
def chunk(kind, data):
    return struct.pack('>I', len(data)) + kind + data + struct.pack('>I', zlib.crc32(kind + data))
pixels = b''.join(b'\\\\x00' + b'\\\\xff\\\\x00\\\\x00' * 8 for _ in range(8))
header = struct.pack('>IIBBBBB', 8, 8, 8, 2, 0, 0, 0)
open('report.txt', 'w').write('made by the program\\\\n')
with open('plot.png', 'wb') as file:
    file.write(b'\\\\x89PNG\\\\r\\\\n\\\\x1a\\\\n' + chunk(b'IHDR', header) + chunk(b'IDAT', zlib.compress(pixels)) + chunk(b'IEND', b''))
open('raw.bin', 'wb').write(bytes(range(256)))
os.symlink('/etc/passwd', 'passwords')
text = open('notes.txt').read()
print('ready', flush=True)
input()
open('notes.txt', 'w').write(text + 'line of the program\\\\n')
print('done')
`;

describe('files that a program writes', () => {
  const installation = new Installation();
  let browser: Browser;
  let ada: Person;
  let ben: Person;

  beforeAll(async () => {
    await installation.start();
    browser = await openBrowser();
    [ada, ben] = await Promise.all([
      Person.signIn(browser, installation, 'ada'),
      Person.signIn(browser, installation, 'ben'),
    ]);
    await Promise.all([ada.editorReady(), ben.editorReady()]);
  });
  afterAll(async () => {
    await browser?.close();
    await installation.stop();
    installation.remove();
  });

  const opened = (person: Person, path: string) =>
    eventually(async () => (await person.test('editor-path').innerText()).includes(path), `${path} opening`);
  const inTree = (person: Person, path: string) => person.test('files').getByText(path, { exact: true });

  it('change what a person is editing at that time as one more author would: both are there', async () => {
    await ada.test('new-file').click();
    await ada.test('file-path').fill('notes.txt');
    await ada.test('file-submit').click();
    await opened(ada, 'notes.txt');
    await ada.editorReady();
    await ada.typeAtEnd('first line\n');
    await ada.saved();
    await ben.page.goto(ada.page.url());
    await eventually(async () => (await ben.text()).includes('first line'), 'Ben seeing the notes');
    await inTree(ada, 'main.py').click();
    await opened(ada, 'main.py');
    await ada.editorReady();
    await ada.replaceText(PROGRAM.replaceAll('\\\\', '\\'));
    await ada.saved();
    await ada.test('run-button').click();
    await ada.consoleShows('ready');
    await ben.page.locator('[data-testid=editor] .cm-content').click();
    await ben.page.keyboard.press('ControlOrMeta+Home');
    await ben.page.keyboard.type('# typed by Ben while it ran\n', { delay: 12 });
    await ben.saved();
    await ada.typeInConsole('');
    await ada.consoleShows('done');
    const merged = '# typed by Ben while it ran\nfirst line\nline of the program\n';
    await eventually(async () => (await ben.text()) === merged, "the program's line in Ben's editor", 20_000);
    await ben.typeAtEnd('and on it goes');
    await ben.saved();
    expect(await ben.loggedText()).toBe(`${merged}and on it goes`);
  });

  it('are told in the console and stand in the tree; text opens in the editor, a picture is shown, bytes can be saved', async () => {
    const notices = ada.test('file-notices');
    await eventually(async () => /wrote report\.txt \(20 bytes\)/.test(await notices.innerText()), 'the notice');
    expect(await notices.innerText()).toMatch(/passwords was not kept: it is a link/);
    for (const path of ['report.txt', 'plot.png', 'raw.bin']) await inTree(ada, path).waitFor();
    await ada.page.getByTestId('produced-file').filter({ hasText: 'report.txt' }).click();
    await opened(ada, 'report.txt');
    await eventually(async () => (await ada.text()).startsWith('made by the program'), 'its text');

    await inTree(ada, 'plot.png').click();
    await opened(ada, 'plot.png');
    await eventually(
      () =>
        ada.test('picture').evaluate((image) => {
          const { naturalWidth, hidden } = image as HTMLImageElement;
          return naturalWidth === 8 && !hidden;
        }),
      'the picture',
    );
    await inTree(ada, 'raw.bin').click();
    await ada.test('binary-note').waitFor();
    const [download] = await Promise.all([ada.page.waitForEvent('download'), ada.test('download-file').click()]);
    expect(download.suggestedFilename()).toBe('raw.bin');
    await inTree(ben, 'plot.png').waitFor();
    expect([...ada.problems, ...ben.problems]).toEqual([]);
  });

  it('go on to be written at the prompt, and are there for the next run', async () => {
    await ada.typeInConsole("_ = open('more.txt', 'w').write('from the prompt')");
    await inTree(ada, 'more.txt').waitFor();
    await inTree(ada, 'main.py').click();
    await opened(ada, 'main.py');
    await ada.editorReady();
    await ada.replaceText("print(open('more.txt').read(), len(open('raw.bin', 'rb').read()))\n");
    await ada.saved();
    await ada.test('run-button').click();
    await ada.consoleShows('from the prompt 256');
    expect(ada.problems).toEqual([]);
  });

  it('are not lost with the executor: what a program had written when it was killed comes in at the next start', async () => {
    await ada.replaceText(
      "open('before.txt', 'w').write('written before the kill')\nprint('written', flush=True)\ninput()\n",
    );
    await ada.saved();
    await ada.test('run-button').click();
    await ada.consoleShows('written');
    await installation.killOne(/libs\/executor\/dist\/main\.js/);
    await inTree(ada, 'before.txt').waitFor();
    await inTree(ada, 'before.txt').click();
    await opened(ada, 'before.txt');
    await eventually(async () => (await ada.text()) === 'written before the kill', 'its text', 20_000);
    expect(ada.problems).toEqual([]);
  });
});
