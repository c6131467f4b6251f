import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { RedisServer } from '@palimpsest/test-support';
import { Redis } from 'ioredis';
import type { Browser } from 'playwright-core';
import { openBrowser, Person } from './browser.js';
import { Installation } from './installation.js';

jest.setTimeout(120_000);

/** With REDIS_URL, on a real Redis: the processes that `npm start` starts, the executor under its own user among them. */
describe('an installation with its queue in Redis', () => {
  const installation = new Installation();
  let redis: RedisServer;
  let browser: Browser;
  let ada: Person;

  beforeAll(async () => {
    redis = await RedisServer.start();
    installation.redisUrl = redis.url;
    await installation.start();
    browser = await openBrowser();
    ada = await Person.signIn(browser, installation, 'ada');
    await ada.editorReady();
  });

  afterAll(async () => {
    await browser?.close();
    await installation.stop();
    installation.remove();
    await redis?.stop();
  });

  async function runs(text: string): Promise<void> {
    await ada.replaceText(`print("${text}", 6 * 7)\n`);
    await ada.saved();
    await ada.test('run-button').click();
    await ada.consoleShows(`${text} 42`);
  }

  it('carries out a run, and the run went through Redis', async () => {
    await runs('once');
    const client = new Redis(redis.url);
    const jobs = await client.keys('bull:*:*-*-*-*-*');
    client.disconnect();
    expect(jobs).toHaveLength(1);
  });

  it('types on while Redis is away, and runs again when it is back', async () => {
    await redis.restart(async () => {
      await ada.typeAtEnd('# without Redis\n');
      await ada.saved();
    });
    await runs('again');
    expect(ada.problems).toEqual([]);
  });
});
