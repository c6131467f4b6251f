import { expect, test } from '@jest/globals';
import { InvalidArgument } from '../errors.js';
import { parseConnectionString } from './connection-string.js';

test.each([
  ['esdb://localhost:2113?tls=false', 'kurrentdb://localhost:2113?tls=false', 'localhost:2113'],
  ['esdb+discover://admin:p%40ss@cluster', 'kurrentdb+discover://admin:p%40ss@cluster', 'cluster:2113'],
  ['kurrentdb://u:p@a:1,b:2/?nodePreference=leader', 'kurrentdb://u:p@a:1,b:2/?nodePreference=leader', 'a:1,b:2'],
  ['KurrentDB://[::1]:2113', 'kurrentdb://[::1]:2113', '[::1]:2113'],
])('%s', (text, connectionString, hosts) => {
  expect(parseConnectionString(text)).toEqual({ connectionString, hosts });
});

test.each([
  '',
  'localhost',
  'esdb:/x',
  'esdb://',
  'tcp://u:secret@x',
  'esdb://u:secret@x:y',
  'esdb://u:secret@x:99999',
  'esdb://u:secret@@x',
])('refused without its password: %s', (text) => {
  expect(() => parseConnectionString(text)).toThrow(InvalidArgument);
  expect(() => parseConnectionString(text)).not.toThrow(/secret/);
});
