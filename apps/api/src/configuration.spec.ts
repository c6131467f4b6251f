import { describe, expect, it } from '@jest/globals';
import { RESTRICTED_MODULES } from '@palimpsest/domain';
import { readConfiguration } from './configuration.js';

const environment = { DATABASE_URL: 'postgres://localhost/x', IDE_SECRET_KEY: 'a key for tests that is long enough' };

describe('what programs may not use', () => {
  const refused = (value?: string) => readConfiguration({ ...environment, REFUSED_MODULES: value }).refusedModules;

  it('is all that there are rules for where nothing is set', () => {
    expect(refused()).toEqual(RESTRICTED_MODULES);
    expect(refused('')).toEqual(RESTRICTED_MODULES);
  });

  it('can be named, or nothing', () => {
    expect(refused(' os.system, ctypes ')).toEqual(['os.system', 'ctypes']);
    expect(refused('none')).toEqual([]);
  });

  it.each(['os', 'none,ctypes', 'ctypes,', 'all'])('"%s" stops the start with one line', (value) => {
    expect(() => refused(value)).toThrow(
      /^REFUSED_MODULES names ".*": it must be "none", or some of os\.system, .*\.$/,
    );
  });
});

describe('what the environment says about keys and proxies', () => {
  it('is no key before and no proxy where nothing is set', () => {
    expect(readConfiguration(environment)).toMatchObject({ previousSecretKey: undefined, trustedProxies: [] });
  });

  it('can be set', () => {
    const set = {
      ...environment,
      IDE_SECRET_KEY_PREVIOUS: 'p'.repeat(32),
      TRUSTED_PROXIES: 'loopback, 10.0.0.0/24,::1',
    };
    expect(readConfiguration(set)).toMatchObject({
      previousSecretKey: 'p'.repeat(32),
      trustedProxies: ['loopback', '10.0.0.0/24', '::1'],
    });
  });

  it.each(['everyone', '10.0.0.0/33', '10.0.0', '1', '10.0.0.1/8/8'])('TRUSTED_PROXIES=%s stops the start', (value) => {
    expect(() => readConfiguration({ ...environment, TRUSTED_PROXIES: value })).toThrow(/^TRUSTED_PROXIES names "/);
  });

  it('refuses a short key, also one from before', () => {
    for (const name of ['IDE_SECRET_KEY', 'IDE_SECRET_KEY_PREVIOUS'])
      expect(() => readConfiguration({ ...environment, [name]: 'p'.repeat(31) })).toThrow(`${name} is too short`);
  });
});

describe('who reads the metrics', () => {
  it('is this machine where nothing is set, else whoever shows the token', () => {
    expect(readConfiguration(environment).metricsToken).toBeUndefined();
    const token = 'abcdef0123456789';
    expect(readConfiguration({ ...environment, METRICS_TOKEN: token }).metricsToken).toBe(token);
  });

  it.each(['a'.repeat(15), 'with spaces in its middle', 'ä'.repeat(20)])(
    'METRICS_TOKEN=%s stops the start',
    (token) => {
      expect(() => readConfiguration({ ...environment, METRICS_TOKEN: token })).toThrow(
        /^METRICS_TOKEN cannot be used/,
      );
    },
  );
});

describe('the limits of a minute', () => {
  it('are 10 runs and 100 file operations of a student where nothing is set', () => {
    expect(readConfiguration(environment).rateLimits).toMatchObject({
      runs: { student: 10, staff: 60 },
      fileOperations: { student: 100, staff: 600 },
    });
    expect(() => readConfiguration({ ...environment, RUNS_PER_MINUTE: '0' })).toThrow(/^RUNS_PER_MINUTE is "0"/);
  });
});

describe('the limits of co-editing in the environment', () => {
  it('are 300 messages a minute and 20 documents where nothing is set', () => {
    expect(readConfiguration(environment)).toMatchObject({ messagesPerMinute: 300, openDocuments: 20 });
  });

  it('can be set', () => {
    const set = { ...environment, COLLAB_MESSAGES_PER_MINUTE: '1200', COLLAB_OPEN_DOCUMENTS: '5' };
    expect(readConfiguration(set)).toMatchObject({ messagesPerMinute: 1_200, openDocuments: 5 });
  });

  it.each([
    ['COLLAB_MESSAGES_PER_MINUTE', '11', '12'],
    ['COLLAB_MESSAGES_PER_MINUTE', 'many', '12'],
    ['COLLAB_OPEN_DOCUMENTS', '0', '1'],
  ])('%s=%s stops the start with a sentence', (name, value, least) => {
    expect(() => readConfiguration({ ...environment, [name]: value })).toThrow(
      new RegExp(`^${name} is "${value}": it must be a whole number from ${least} to `),
    );
  });
});

describe('what vouches for the log in the environment', () => {
  const seed = '0a'.repeat(32);
  const read = (more: Record<string, string>) => readConfiguration({ ...environment, ...more }).evidence;

  it('is no key and an hour where nothing is set', () => {
    expect(read({})).toEqual({ origin: 'palimpsest', signers: [], everyMs: 3_600_000 });
  });

  it('can be set, with the key before', () => {
    const set = { EVIDENCE_KEY: seed, EVIDENCE_KEY_PREVIOUS: '0b'.repeat(32), EVIDENCE_ORIGIN: 'school.example' };
    const { signers, everyMs } = read({ ...set, CHECKPOINT_SECONDS: '60' });
    expect([signers.length, everyMs]).toEqual([2, 60_000]);
    expect(signers.map(({ key }) => key.name)).toEqual(['school.example', 'school.example']);
  });

  it.each([
    [{ EVIDENCE_KEY: seed.slice(1) }, /^EVIDENCE_KEY must be 64 hexadecimal digits/],
    [{ EVIDENCE_KEY: `${seed}0` }, /^EVIDENCE_KEY must be 64 hexadecimal digits/],
    [{ EVIDENCE_KEY: seed, EVIDENCE_KEY_PREVIOUS: 'x' }, /^EVIDENCE_KEY_PREVIOUS must be 64/],
    [{ EVIDENCE_KEY_PREVIOUS: seed }, /^EVIDENCE_KEY_PREVIOUS is set, and EVIDENCE_KEY is not/],
    [{ EVIDENCE_ORIGIN: 'my school' }, /^EVIDENCE_ORIGIN must be a name/],
    [{ EVIDENCE_ORIGIN: 'a'.repeat(201) }, /^EVIDENCE_ORIGIN must be a name/],
    [{ CHECKPOINT_SECONDS: '0' }, /^CHECKPOINT_SECONDS is "0"/],
    [{ CHECKPOINT_SECONDS: '604801' }, /^CHECKPOINT_SECONDS is "604801"/],
  ])('%j stops the start with a sentence', (more, sentence) => {
    expect(() => read(more as Record<string, string>)).toThrow(sentence);
  });
});
