import { expect, it } from '@jest/globals';
import { csvRecord } from './csv.js';

it.each([
  [['a', 1, undefined], 'a,1,\r\n'],
  [['a,b', 'say "hi"', 'two\nlines'], '"a,b","say ""hi""","two\nlines"\r\n'],
  [['\r', ' x', 'x\t'], '"\r"," x","x\t"\r\n'],
])('a record of %j', (cells, record) => expect(csvRecord(cells)).toBe(record));
