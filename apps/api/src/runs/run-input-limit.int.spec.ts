import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { WrittenDto } from '@palimpsest/protocol';
import { eventually } from '@palimpsest/test-support';
import { RunClient } from '../testing/run-client.js';
import { TestApi } from '../testing/test-api.js';

describe('what is typed into a run', () => {
  let api: TestApi;
  let client: RunClient;

  beforeAll(async () => {
    api = await TestApi.start();
    const token = await api.signIn('ada');
    const { id: workspace } = await api.workspace(token, /Ada/);
    const asked = await api.call<WrittenDto>('POST', '/api/runs', { token, body: { workspace, mode: 'repl' } });
    client = await new RunClient(api.address, asked.body.id, token).opened();
  });
  afterAll(async () => {
    client.socket.terminate();
    await api.stop();
  });

  it('is limited with what is typed into files: 300 pass at once, more are refused with the time to wait', async () => {
    for (let n = 0; n < 340; n++) client.send({ t: 'input', text: 'x' });
    await eventually(() => client.all('refused').length > 0, 'a refusal');
    const limited = () => client.all('refused').filter(({ code }) => code === 'limit-reached');
    await eventually(() => limited().length > 20, 'the refusals');
    expect(limited().length).toBeLessThanOrEqual(40);
    expect(limited()[0]?.message).toMatch(/^More than 300 messages a minute: .* Try again in \d+ s\.$/);
  });

  it('can be stopped all the same', async () => {
    client.send({ t: 'cancel' });
    await eventually(() => client.all('finished').length > 0, 'the end');
  });
});
