import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { holdClass } from '../tools/demo/class.mjs';
import { Installation } from './installation.js';

jest.setTimeout(120_000);

/** `npm run demo -- class` on an installation of its own: what it does is told step by step, and each step checks itself. */
describe('a whole class', () => {
  const installation = new Installation();
  beforeAll(() => installation.start());
  afterAll(async () => {
    await installation.stop();
    installation.remove();
  });

  it('comes in, works, hands in, and is refused where it should be', async () => {
    const professor = installation.accounts.find(({ role }) => role === 'professor')!;
    const said: string[] = [];
    const say = (line: string) => void said.push(line);
    const { leftOut } = await holdClass({ address: installation.address, professor, students: 60, say });
    const refusals = said.flatMap((line) => / refused.*?: (\d{3} [a-z-]+):/.exec(line)?.[1] ?? []);
    expect([...new Set(refusals)].sort()).toEqual([
      '401 not-signed-in',
      '403 locked',
      '403 not-allowed',
      '403 not-open-yet',
      '403 password-change-needed',
      '404 not-found',
      '409 no-group',
    ]);
    expect(said.filter((line) => line.startsWith('✓')).length + leftOut.length).toBe(12);
  });
});
