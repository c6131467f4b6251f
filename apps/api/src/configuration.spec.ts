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
