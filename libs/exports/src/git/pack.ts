import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { deflate } from 'node:zlib';
import type { ExportFolder } from '../export-folder.js';
import type { GitObject, ObjectKind } from './objects.js';

const compress = promisify(deflate);

/** The numbers of gitformat-pack(5). */
const TYPES: Readonly<Record<ObjectKind, number>> = { commit: 1, tree: 2, blob: 3 };
const VERSION = 2;

/**
 * Objects in the pack format of Git, version 2, without deltas. They are kept on the disk, since the number of them comes
 * first in the format and is known last.
 */
export class Pack {
  readonly #known = new Set<string>();

  constructor(
    private readonly folder: ExportFolder,
    private readonly file: string,
  ) {}

  get objects(): number {
    return this.#known.size;
  }

  has(id: string): boolean {
    return this.#known.has(id);
  }

  /** Adds an object, once. */
  async add({ id, kind, body }: GitObject): Promise<void> {
    if (this.#known.has(id)) return;
    this.#known.add(id);
    await this.folder.append(this.file, Buffer.concat([entryHead(TYPES[kind], body.length), await compress(body)]));
  }

  /** The pack. The folder has to be closed before. */
  async *read(): AsyncGenerator<Uint8Array> {
    const hash = createHash('sha1');
    const head = Buffer.alloc(12);
    head.write('PACK');
    head.writeUInt32BE(VERSION, 4);
    head.writeUInt32BE(this.#known.size, 8);
    hash.update(head);
    yield head;
    for await (const piece of createReadStream(join(this.folder.folder, this.file)) as AsyncIterable<Buffer>) {
      hash.update(piece);
      yield piece;
    }
    yield hash.digest();
  }
}

/** Kind and length: four bits of the length, then seven at a time, the least first. */
function entryHead(type: number, length: number): Buffer {
  const bytes: number[] = [];
  let byte = (type << 4) | (length & 0x0f);
  for (let rest = Math.floor(length / 16); ; rest = Math.floor(rest / 128)) {
    bytes.push(rest > 0 ? byte | 0x80 : byte);
    if (rest === 0) return Buffer.from(bytes);
    byte = rest & 0x7f;
  }
}
