/** The files of an archive: lines of JSON, compressed by gzip (RFC 1952), the first line saying what the others are. */
import { createHash, type Hash } from 'node:crypto';
import { once } from 'node:events';
import { createReadStream, createWriteStream, type WriteStream } from 'node:fs';
import { open, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGunzip, createGzip, type Gzip } from 'node:zlib';
import { ArchiveFault } from './archive-fault.js';
import { FORMAT, FORMAT_VERSION, type Segment, type SegmentKind } from './manifest.js';

/** What a segment is closed at: a killed export loses so much of its work at most. */
export const MAX_RECORDS = 100_000;
/** Bytes before compression. */
export const MAX_BYTES = 64 * 1024 * 1024;
/** Characters that are gathered before they go to the compressor. */
const CHUNK = 64 * 1024;
/** Unfinished files end with it; they are no part of the archive. */
export const PARTIAL = '.partial';

interface Header {
  readonly format: typeof FORMAT;
  readonly version: number;
  readonly kind: SegmentKind;
  readonly file: string;
}

/** Writes one segment under a temporary name. What is not finished by `close` is no part of the archive. */
export class SegmentWriter {
  records = 0;
  private chars = 0;
  private gathered = '';
  private compressed = 0;
  private readonly hash: Hash = createHash('sha256');
  private readonly gzip: Gzip = createGzip();
  private readonly file: WriteStream;
  private readonly written: Promise<void>;
  private failure: unknown;

  constructor(
    private readonly folder: string,
    readonly name: string,
    readonly kind: SegmentKind,
  ) {
    this.file = createWriteStream(join(folder, `${name}${PARTIAL}`), { flags: 'w', mode: 0o600 });
    const tap = new Transform({
      transform: (chunk: Buffer, _encoding, done) => {
        this.hash.update(chunk);
        this.compressed += chunk.length;
        done(null, chunk);
      },
    });
    this.written = pipeline(this.gzip, tap, this.file);
    this.written.catch((error: unknown) => (this.failure = error)); // told to the next who writes or closes
    const header: Header = { format: FORMAT, version: FORMAT_VERSION, kind, file: name };
    this.gathered = `${JSON.stringify(header)}\n`;
  }

  get isFull(): boolean {
    return this.records >= MAX_RECORDS || this.chars >= MAX_BYTES;
  }

  async add(line: string): Promise<void> {
    this.records++;
    this.chars += line.length + 1;
    this.gathered += `${line}\n`;
    if (this.gathered.length >= CHUNK) await this.flush();
  }

  /** Durable under its name when it resolves. */
  async close(): Promise<Segment> {
    await this.flush();
    this.gzip.end();
    await this.written;
    const partial = join(this.folder, `${this.name}${PARTIAL}`);
    await sync(partial);
    await rename(partial, join(this.folder, this.name));
    await sync(this.folder);
    const { name: file, kind, records, compressed: bytes } = this;
    return { file, kind, records, bytes, sha256: this.hash.digest('hex') };
  }

  /** Gives the file up. */
  async discard(): Promise<void> {
    this.gzip.destroy();
    await this.written.catch(() => undefined);
  }

  private async flush(): Promise<void> {
    if (this.failure) throw this.failure as Error;
    const chunk = this.gathered;
    this.gathered = '';
    if (this.gzip.write(chunk)) return;
    // A full disk ends the compressor without its draining.
    await Promise.race([once(this.gzip, 'drain'), this.written.then(() => undefined)]);
  }
}

/** Flushes a file or a folder to the disk. */
export async function sync(path: string): Promise<void> {
  const handle = await open(path, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Throws ArchiveFault `archive-damaged` unless the file is, byte by byte, the one that was written. */
export async function checkSegment(folder: string, { file, sha256, bytes }: Segment, signal?: AbortSignal) {
  const hash = createHash('sha256');
  let size = 0;
  try {
    for await (const chunk of createReadStream(join(folder, file), { highWaterMark: 1024 * 1024, signal })) {
      hash.update(chunk as Buffer);
      size += (chunk as Buffer).length;
    }
  } catch (error) {
    signal?.throwIfAborted();
    throw unreadable(file, error);
  }
  if (size !== bytes) throw damaged(file, `it has ${size} bytes instead of ${bytes}`);
  if (hash.digest('hex') !== sha256) throw damaged(file, 'its checksum does not fit');
}

/** The lines of a segment behind its header. Throws ArchiveFault `archive-damaged`. */
export async function* segmentLines(folder: string, segment: Segment): AsyncGenerator<string> {
  let number = 0;
  for await (const line of lines(folder, segment.file)) {
    if (number++ > 0) yield line;
    else checkHeader(line, segment);
  }
  if (number - 1 !== segment.records)
    throw damaged(segment.file, `it has ${Math.max(0, number - 1)} records instead of ${segment.records}`);
}

async function* lines(folder: string, file: string): AsyncGenerator<string> {
  const source = createReadStream(join(folder, file), { highWaterMark: 256 * 1024 });
  const text = createGunzip({ chunkSize: 256 * 1024 });
  const piped = pipeline(source, text);
  piped.catch(() => undefined); // the loop below throws the same
  let rest: Buffer[] = [];
  try {
    for await (const data of text) {
      let chunk = data as Buffer;
      for (let end = chunk.indexOf(10); end >= 0; end = chunk.indexOf(10)) {
        yield rest.length > 0
          ? Buffer.concat([...rest, chunk.subarray(0, end)]).toString()
          : chunk.toString('utf8', 0, end);
        rest = [];
        chunk = chunk.subarray(end + 1);
      }
      if (chunk.length > 0) rest.push(chunk);
    }
  } catch (error) {
    throw error instanceof ArchiveFault ? error : unreadable(file, error);
  } finally {
    text.destroy();
    source.destroy();
  }
  if (rest.length > 0) throw damaged(file, 'its last line is cut off');
}

function checkHeader(line: string, { file, kind }: Segment): void {
  const header = JSON.parse(line) as Partial<Header>;
  if (header.format !== FORMAT || header.kind !== kind || header.file !== file)
    throw damaged(file, 'its first line is that of another file');
}

function unreadable(file: string, cause: unknown): ArchiveFault {
  const { code } = cause as { readonly code?: string };
  return damaged(file, code === 'ENOENT' ? 'it is missing' : `it cannot be read (${code ?? String(cause)})`, cause);
}

export function damaged(file: string, why: string, cause?: unknown): ArchiveFault {
  return new ArchiveFault(
    'archive-damaged',
    `The file ${file} of the archive is damaged: ${why}. Take this file from another copy of the archive.`,
    { cause },
  );
}
