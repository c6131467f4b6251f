import { inflateRawSync } from 'node:zlib';

export interface ZipEntry {
  readonly name: string;
  readonly bytes: Buffer;
  /** Of the extended timestamp (Info-ZIP), seconds since 1970; undefined if there is none. */
  readonly mtime: number | undefined;
  /** Bit 11 of its flags: the name is UTF-8. */
  readonly isUtf8: boolean;
}

/** The entries of a ZIP archive by its central directory (APPNOTE 4.3), for tests. Throws RangeError where it is broken. */
export function readZip(zip: Buffer): ZipEntry[] {
  const end = zip.lastIndexOf(Buffer.from('504b0506', 'hex'));
  if (end < 0) throw new RangeError('no end of a central directory: the archive is cut off');
  const entries: ZipEntry[] = [];
  let at = zip.readUInt32LE(end + 16);
  for (let left = zip.readUInt16LE(end + 10); left > 0; left--) {
    if (zip.readUInt32LE(at) !== 0x02014b50) throw new RangeError(`no entry at ${at}`);
    const [flags, method] = [zip.readUInt16LE(at + 8), zip.readUInt16LE(at + 10)];
    const [packed, size] = [zip.readUInt32LE(at + 20), zip.readUInt32LE(at + 24)];
    const [nameLength, extraLength] = [zip.readUInt16LE(at + 28), zip.readUInt16LE(at + 30)];
    const local = zip.readUInt32LE(at + 42);
    const name = zip.subarray(at + 46, at + 46 + nameLength).toString('utf8');
    const extra = zip.subarray(at + 46 + nameLength, at + 46 + nameLength + extraLength);
    const start = local + 30 + zip.readUInt16LE(local + 26) + zip.readUInt16LE(local + 28);
    const data = zip.subarray(start, start + packed);
    const bytes = method === 0 ? data : inflateRawSync(data);
    if (bytes.length !== size) throw new RangeError(`${name} has ${bytes.length} bytes, not ${size}`);
    entries.push({ name, bytes, mtime: mtimeIn(extra), isUtf8: (flags & 0x800) !== 0 });
    at += 46 + nameLength + extraLength + zip.readUInt16LE(at + 32);
  }
  return entries;
}

function mtimeIn(extra: Buffer): number | undefined {
  for (let at = 0; at + 4 <= extra.length; at += 4 + extra.readUInt16LE(at + 2))
    if (extra.readUInt16LE(at) === 0x5455) return extra.readInt32LE(at + 5);
  return undefined;
}
