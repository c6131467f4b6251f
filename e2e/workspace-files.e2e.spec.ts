import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { eventually } from '@palimpsest/test-support';
import type { Browser } from 'playwright-core';
import { openBrowser, Person } from './browser.js';
import { Installation } from './installation.js';

/** A picture of one dot. */
const PNG = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==',
  'base64',
);

describe('files and folders in the browser', () => {
  const installation = new Installation();
  let browser: Browser;
  let ada: Person;

  beforeAll(async () => {
    installation.settings = { WORKSPACE_LIMIT_MB: '2', FILE_SIZE_LIMIT_MB: '2' };
    await installation.start();
    browser = await openBrowser();
    ada = await Person.signIn(browser, installation, 'ada');
    await ada.editorReady();
  }, 90_000);
  afterAll(async () => {
    await browser?.close();
    await installation.stop();
    installation.remove();
  });

  const node = (path: string) => ada.page.locator(`[data-testid=files] [data-path="${path}"]`);
  const menuOf = async (path: string, kind: 'file' | 'folder') => {
    await node(path).hover();
    await node(path).getByTestId(`${kind}-menu`).click();
  };
  const fill = async (path: string) => {
    await ada.test('file-path').fill(path);
    await ada.test('file-submit').click();
    await ada.test('file-submit').waitFor({ state: 'detached' });
  };
  const upload = (files: readonly { name: string; mimeType: string; buffer: Buffer }[]) =>
    ada.test('upload-input').setInputFiles([...files]);
  const file = (name: string, buffer: Buffer) => ({ name, mimeType: 'application/octet-stream', buffer });

  it('an empty folder is made, a file is dragged into it, and the folder is renamed and copied with it', async () => {
    await ada.test('new-folder').click();
    await fill('data');
    await node('data').waitFor();
    await upload([file('list.txt', Buffer.from('one\ntwo\n'))]);
    await node('list.txt').waitFor();
    await eventually(async () => (await ada.text()) === 'one\ntwo\n', 'the uploaded text in the editor');
    await node('list.txt').dragTo(node('data'));
    await node('data/list.txt').waitFor();
    await menuOf('data', 'folder');
    await ada.test('rename-folder').click();
    await fill('notes');
    await node('notes/list.txt').waitFor();
    await menuOf('notes', 'folder');
    await ada.test('copy-folder').click();
    await fill('notes-2');
    await node('notes-2/list.txt').waitFor();
    expect(ada.problems).toEqual([]);
  });

  it('a folder goes by the keyboard alone and comes back from the deleted files', async () => {
    await node('notes').getByTestId('folder-menu').focus();
    await ada.page.keyboard.press('Enter');
    await ada.test('delete-folder').waitFor();
    await eventually(async () => {
      await ada.page.keyboard.press('ArrowDown');
      return ada.page.evaluate(() => document.activeElement?.getAttribute('data-testid') === 'delete-folder');
    }, 'the arrow keys getting to Delete');
    await ada.page.keyboard.press('Enter');
    await ada.test('delete-confirm').focus();
    await ada.page.keyboard.press('Enter');
    await node('notes/list.txt').waitFor({ state: 'detached' });
    await ada.test('files-menu').click();
    await ada.test('open-trash').click();
    const entry = ada.test('trash-entry').filter({ hasText: 'notes (1 file)' });
    await entry.getByTestId('trash-restore').click();
    await ada.page.getByText('Nothing has been deleted here').waitFor();
    await ada.page.keyboard.press('Escape');
    await node('notes/list.txt').waitFor();
  });

  it('what is dropped from the computer is uploaded into the folder under it; a picture is shown and keeps its versions', async () => {
    await node('notes').evaluate(
      (target, bytes) => {
        const transfer = new DataTransfer();
        transfer.items.add(new File([Uint8Array.from(bytes)], 'dot.png'));
        for (const type of ['dragover', 'drop'])
          target.dispatchEvent(new DragEvent(type, { bubbles: true, cancelable: true, dataTransfer: transfer }));
      },
      [...PNG],
    );
    await node('notes/dot.png').waitFor();
    await eventually(
      () => ada.test('picture').evaluate((image) => (image as HTMLImageElement).naturalWidth === 1),
      'the picture',
    );
    await node('notes').evaluate(
      (target, bytes) => {
        const transfer = new DataTransfer();
        transfer.items.add(new File([Uint8Array.from([...bytes, 0])], 'dot.png'));
        target.dispatchEvent(new DragEvent('drop', { bubbles: true, cancelable: true, dataTransfer: transfer }));
      },
      [...PNG],
    );
    await eventually(async () => (await ada.test('upload-progress').count()) === 0, 'the upload');
    await menuOf('notes/dot.png', 'file');
    await ada.test('file-versions').click();
    await eventually(async () => (await ada.test('version').count()) === 2, 'both versions');
    await ada.page.keyboard.press('Escape');
  });

  it('a folder is downloaded as an archive', async () => {
    await menuOf('notes', 'folder');
    const [download] = await Promise.all([ada.page.waitForEvent('download'), ada.test('download-folder').click()]);
    expect(download.suggestedFilename()).toBe('notes.zip');
    const bytes = readFileSync(await download.path());
    expect(bytes.subarray(0, 2).toString()).toBe('PK');
    expect(bytes.includes('notes/dot.png')).toBe(true);
    await ada.page.keyboard.press('Escape');
  });

  it('little room is told, and what does not fit is refused with how much there is and how much it needs', async () => {
    expect(await ada.test('quota').count()).toBe(0);
    await upload([file('big.bin', Buffer.concat([Buffer.alloc(1), Buffer.alloc(1_800_000, 1)]))]);
    await node('big.bin').waitFor();
    await ada.test('quota').waitFor();
    expect(await ada.test('quota').innerText()).toMatch(/1\.7 MB of 2 MB used/);
    await upload([file('more.bin', Buffer.concat([Buffer.alloc(1), Buffer.alloc(900_000, 2)]))]);
    await ada.page.getByText(/more\.bin: This workspace holds 1\.72 MB of 2 MB, and this needs 879 kB more/).waitFor();
    expect(await node('more.bin').count()).toBe(0);
    expect(ada.problems).toEqual([]);
  });
});
