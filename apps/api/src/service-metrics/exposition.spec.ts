import { describe, expect, it } from '@jest/globals';
import { Counter, exposition, gauge, Histogram } from './exposition.js';

describe('the text form', () => {
  it('is as the format says: help, type, a line for each series; histograms add up', () => {
    const asked = new Counter('asked_total', 'Asked.', { how: ['well', 'badly'] });
    asked.add({ how: 'well' });
    asked.add({ how: 'well' }, 2);
    const took = new Histogram('took_seconds', 'Took.', { how: ['well'] }, [0.1, 1]);
    for (const seconds of [0.1, 0.5, 3]) took.observe({ how: 'well' }, seconds);
    const text = exposition([
      asked,
      took,
      gauge('rooms', 'Rooms.', 3),
      gauge('places', 'Places.', ['kind', { a: 1, b: undefined }]),
    ]);
    expect(text.split('\n')).toEqual([
      ...['# HELP asked_total Asked.', '# TYPE asked_total counter', 'asked_total{how="well"} 3'],
      ...['# HELP took_seconds Took.', '# TYPE took_seconds histogram'],
      ...['took_seconds_bucket{how="well",le="0.1"} 1', 'took_seconds_bucket{how="well",le="1"} 2'],
      ...['took_seconds_bucket{how="well",le="+Inf"} 3', 'took_seconds_sum{how="well"} 3.6'],
      ...['took_seconds_count{how="well"} 3'],
      ...['# HELP rooms Rooms.', '# TYPE rooms gauge', 'rooms 3'],
      ...['# HELP places Places.', '# TYPE places gauge', 'places{kind="a"} 1', ''],
    ]);
  });

  it('leaves a family out of which there is nothing to say; one without labels is there as zero', () => {
    const none = new Counter('none_total', 'None.', { how: ['well'] });
    const zero = new Histogram('zero_seconds', 'Zero.', {}, [1]);
    expect(exposition([none, gauge('unknown', 'Unknown.', undefined)])).toBe('');
    expect(exposition([zero])).toContain('zero_seconds_count 0\n');
  });

  it('escapes what a label may not have as it is', () => {
    const odd = new Counter('odd_total', 'Odd.', { path: { includes: () => true } });
    odd.add({ path: 'a"b\\c\nd' });
    expect(exposition([odd])).toContain('odd_total{path="a\\"b\\\\c\\nd"} 1\n');
  });

  it('has a bounded number of series, whatever values come', () => {
    const counter = new Counter('c_total', 'C.', { one: ['a'], two: ['x', 'y'] });
    for (let n = 0; n < 1_000; n++) counter.add({ one: `ada-${n}`, two: ['x', 'y', `file-${n}`][n % 3] ?? '' });
    counter.add({ one: 'a', two: 'x' });
    const lines = counter.lines();
    expect(lines).toHaveLength(4);
    expect(lines.join()).not.toMatch(/ada|file/);
  });
});

describe('a quantile', () => {
  const of = (values: readonly number[]) => {
    const histogram = new Histogram('h', 'H.', {}, [1, 2, 4]);
    for (const value of values) histogram.observe({}, value);
    return (share: number) => histogram.quantile(share);
  };

  it('is interpolated in its bucket, and the largest bound above that', () => {
    expect(of([])(0.5)).toBeUndefined();
    expect(of([0.5, 1.5, 3, 3])(0.5)).toBe(2);
    expect(of([3, 3])(0.5)).toBe(3);
    expect(of([9])(0.99)).toBe(4);
  });

  it('is over all labels', () => {
    const histogram = new Histogram('h', 'H.', { how: ['a', 'b'] }, [1, 2]);
    histogram.observe({ how: 'a' }, 0.5);
    histogram.observe({ how: 'b' }, 1.5);
    expect([histogram.quantile(0.5), histogram.count]).toEqual([1, 2]);
  });
});
