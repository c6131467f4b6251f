import { createHash, randomUUID } from 'node:crypto';
import { type FileHandle, open, unlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Request } from 'express';
import { Problem } from '../platform/problem.js';
import { inWords } from './quota-account.js';

/** Of what is too large so much is still read and thrown away, so that the sender gets to hear the answer. */
const DRAINED_BYTES = 64 * 1024 * 1024;

/** The body of an upload, on the disk: however many arrive at the same time, none of them is in memory as a whole. */
export interface ReceivedBody {
  readonly size: number;
  readonly sha256: string;
  /** All of it. */
  bytes(): Promise<Buffer>;
  close(): Promise<void>;
}

/**
 * Receives a body of at most `most` bytes. The file has no name from the beginning, so that nothing is left behind however
 * the process ends. Throws Problem: too large, not bytes as they are, or cut off.
 */
export async function receiveBody(request: Request, most: number): Promise<ReceivedBody> {
  if (!request.is('application/octet-stream'))
    throw new Problem(
      415,
      'unsupported-media-type',
      'The bytes of a file are taken as application/octet-stream only, whatever is in them: say so in Content-Type.',
    );
  if ((request.headers['content-encoding'] ?? 'identity') !== 'identity')
    throw new Problem(
      415,
      'unsupported-encoding',
      'The bytes of a file are taken as they are: send them uncompressed.',
    );
  const path = join(tmpdir(), `palimpsest-upload-${randomUUID()}`);
  const file = await open(path, 'wx+', 0o600);
  try {
    await unlink(path);
    const { size, sha256 } = await receiveInto(file, request, most);
    return {
      ...{ size, sha256 },
      bytes: async () => {
        const bytes = Buffer.alloc(size);
        for (let at = 0; at < size;) at += (await file.read(bytes, at, size - at, at)).bytesRead;
        return bytes;
      },
      close: () => file.close(),
    };
  } catch (error) {
    await file.close();
    throw error;
  }
}

async function receiveInto(
  file: FileHandle,
  request: Request,
  most: number,
): Promise<{ size: number; sha256: string }> {
  const hash = createHash('sha256');
  let size = 0;
  try {
    for await (const chunk of request as AsyncIterable<Buffer>) {
      size += chunk.length;
      if (size > most + DRAINED_BYTES) break;
      if (size > most) continue;
      hash.update(chunk);
      await file.write(chunk);
    }
  } catch {
    throw new Problem(400, 'body-cut-off', 'The body did not arrive as a whole, so nothing was done: send it again.');
  }
  if (size > most)
    throw new Problem(
      413,
      'too-large',
      `A file has at most ${inWords(most)} (FILE_SIZE_LIMIT_MB), and this one has more, so it was not kept: make it smaller.`,
    );
  return { size, sha256: hash.digest('hex') };
}
