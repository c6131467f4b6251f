import { TEXT_ROOT } from '@palimpsest/domain';
import * as encoding from 'lib0/encoding';

/** An update of `count` client ids from `first` with a character each, every one after the one before. */
export function manyClients(first: number, count: number): Uint8Array {
  const encoder = encoding.createEncoder();
  encoding.writeVarUint(encoder, count);
  for (let client = first; client < first + count; client++) {
    for (const number of [1, client, 0]) encoding.writeVarUint(encoder, number); // one struct from clock 0
    encoding.writeUint8(encoder, client === first ? STRING : STRING | HAS_ORIGIN);
    if (client === first) {
      encoding.writeVarUint(encoder, 1); // the parent is a root
      encoding.writeVarString(encoder, TEXT_ROOT);
    } else for (const number of [client - 1, 0]) encoding.writeVarUint(encoder, number);
    encoding.writeVarString(encoder, 'x');
  }
  encoding.writeVarUint(encoder, 0); // no deletions
  return encoding.toUint8Array(encoder);
}

/** Of a struct's first byte. */
const STRING = 4;
const HAS_ORIGIN = 0x80;
