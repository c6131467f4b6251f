import { describe, expect, it } from '@jest/globals';
import { placeOf } from './address.js';
import { OF_ACCOUNT, OF_ADDRESS, waitAfter } from './sign-in-throttle.js';

describe('the wait after failures', () => {
  it.each([
    [4, 0],
    [4.4, 0],
    [4.999, 10],
    [5, 10],
    [6, 20],
    [7, 40],
    [11, 640],
    [12, 900],
    [1000, 900],
  ])('of an account at level %s is %s s', (level, seconds) => {
    expect(waitAfter(level, OF_ACCOUNT)).toBe(seconds);
  });

  it.each([
    [59, 0],
    [60, 10],
    [61, 20],
  ])('of an address at level %s is %s s', (level, seconds) => {
    expect(waitAfter(level, OF_ADDRESS)).toBe(seconds);
  });
});

describe('what attempts from one place have in common', () => {
  it.each([
    ['192.0.2.7', '192.0.2.7'],
    ['::ffff:192.0.2.7', '192.0.2.7'],
    ['2001:DB8:0:7::1', '2001:db8:0:7::/64'],
    ['2001:db8:0:7:ffff:ffff:ffff:ffff', '2001:db8:0:7::/64'],
    ['2001:0db8::1', '2001:db8:0:0::/64'],
    ['64:ff9b::192.0.2.7', '64:ff9b:0:0::/64'],
    ['::1', '0:0:0:0::/64'],
    ['fe80::1%eth0', 'fe80:0:0:0::/64'],
    ['', ''],
  ])('%s is %s', (address, place) => {
    expect(placeOf(address)).toBe(place);
  });
});
