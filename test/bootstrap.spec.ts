import { describe, expect, it } from '@jest/globals';
import { nodeProblem } from '../tools/platform-check.mjs';
import { readOptions } from '../tools/start-options.mjs';

describe('the Node that runs it', () => {
  it.each(['20.19.0', '20.20.2', '22.12.0', '24.0.0', '26.1.0'])('%s will do', (version) =>
    expect(nodeProblem(version)).toBeUndefined(),
  );
  it.each(['18.20.0', '20.18.3', '21.7.0', '22.11.0'])('%s is refused in one sentence', (version) =>
    expect(nodeProblem(version)).toContain(`Node ${version} is too old`),
  );
});

describe('options of npm start', () => {
  it('have defaults', () => {
    expect(readOptions([], {})).toMatchObject({ port: 8080, host: '0.0.0.0', demo: true, rebuild: false });
    expect(readOptions([], {}).data).toMatch(/\/data$/);
  });

  it('come from the command line before the environment, in both ways of writing them', () => {
    expect(readOptions(['--port', '9000'], { PORT: '7000' }).port).toBe(9000);
    expect(readOptions(['--port=9000', '--no-demo'], {})).toMatchObject({ port: 9000, demo: false });
    expect(readOptions([], { PORT: '7000' }).port).toBe(7000);
  });

  it.each([['--port', '65536'], ['--port', '-1'], ['--port', '80a'], ['--port'], ['--data'], ['--unknown']])(
    'refuse %s %s in one sentence',
    (...words) => expect(() => readOptions(words.filter(Boolean), {})).toThrow(/port|value|no option/),
  );

  it('take ports at both ends', () => {
    expect(readOptions(['--port', '65535'], {}).port).toBe(65_535);
    expect(readOptions(['--port', '0'], {}).port).toBe(0);
  });
});
