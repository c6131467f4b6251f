import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { eventually } from '@palimpsest/test-support';
import type { Browser } from 'playwright-core';
import { openBrowser, Person } from './browser.js';
import { Installation } from './installation.js';

jest.setTimeout(90_000);

/** A student works; the professor sees it in the figures of the class, and the student that this was looked at. */
describe('the figures of a course', () => {
  const installation = new Installation();
  let browser: Browser;
  let hopper: Person;
  let ada: Person;

  beforeAll(async () => {
    await installation.start();
    browser = await openBrowser();
    [hopper, ada] = await Promise.all([
      Person.signIn(browser, installation, 'hopper'),
      Person.signIn(browser, installation, 'ada'),
    ]);
    await ada.editorReady();
    await ada.replaceText('undefined_name\n');
    await ada.saved();
    await ada.test('run-button').click();
    await ada.test('error-card').waitFor();
  });
  afterAll(async () => {
    expect([...hopper.problems, ...ada.problems]).toEqual([]);
    await browser?.close();
    await installation.stop();
    installation.remove();
  });

  const row = (person: Person, username: string) =>
    person.page.locator(`[data-testid=metrics-student][data-username=${username}]`);

  it('a student sees what they did, by the link in their course', async () => {
    await ada.test('course-link').click();
    await ada.test('metrics-link').click();
    await ada.test('metrics-figures').waitFor();
    await eventually(async () => {
      await ada.page.reload();
      await ada.test('metrics-figures').waitFor();
      return /Exceptions\s*1/.test(await ada.test('metrics-figures').innerText());
    }, 'the exception being counted');
    expect(await ada.test('metrics-errors').innerText()).toMatch(/NameError\s*1/);
    expect(await ada.page.getByRole('heading', { level: 1 }).innerText()).toMatch(/^My work: /);
    expect(await ada.test('metrics-students').count()).toBe(0);
  });

  it('the professor sees the class, puts those first who may need help, and looks at one', async () => {
    await hopper.test('course-link').click();
    await hopper.test('metrics-link').click();
    await row(hopper, 'ada').waitFor();
    expect(await hopper.test('metrics-people').innerText()).toMatch(/^1 of \d+ students did something/);
    await hopper.test('metrics-order').click();
    await hopper.page.getByRole('option', { name: 'Most failed runs' }).click();
    const first = hopper.test('metrics-student').first();
    expect(await first.getAttribute('data-username')).toBe('ada');
    expect(await hopper.page.locator('.metrics-chart [data-part=failed]').first().count()).toBe(1);
    await hopper.page.getByText('The same as a table').click();
    expect(await hopper.test('metrics-days').innerText()).toMatch(/\d{4}-\d{2}-\d{2}/);
    await row(hopper, 'ada').getByTestId('metrics-show').focus();
    await hopper.page.keyboard.press('Enter');
    await hopper.test('metrics-person').getByTestId('metrics-figures').waitFor();
  });

  it('which the student can see', async () => {
    await eventually(async () => {
      await ada.page.reload();
      await ada.test('user-menu').click();
      await ada.test('who-looked').click();
      await ada.page.locator('[data-testid=looks], [data-testid=no-looks]').waitFor();
      return (await ada.test('looks').count()) === 1;
    }, 'the look being listed');
    expect(await ada.test('looks').innerText()).toMatch(/Hopper[\s\S]*Your\s+figures/);
  });
});
