import { describe, expect, it } from '@jest/globals';
import { integerSetting, requiredSetting, SettingFault } from './settings.js';

describe('settings', () => {
  const read = (value: string | undefined) => integerSetting({ LIMIT: value }, 'LIMIT', 7, { least: 1, most: 10 });

  it.each([
    [undefined, 7],
    ['', 7],
    ['1', 1],
    ['10', 10],
    ['007', 7],
  ])('%j is %s', (value, number) => expect(read(value)).toBe(number));

  it.each(['0', '11', '-1', '1.5', '1e1', ' 5', 'ten', '0x5', '9'.repeat(400)])(
    '%j is refused in one line',
    (value) => {
      expect(() => read(value)).toThrow(
        new SettingFault(`LIMIT is "${value}": it must be a whole number from 1 to 10.`),
      );
    },
  );

  it.each([undefined, ''])('%j is not there', (value) => {
    expect(() => requiredSetting({ NAME: value }, 'NAME')).toThrow('NAME is not set');
    expect(requiredSetting({ NAME: 'x' }, 'NAME')).toBe('x');
  });
});
