/** What a blob is found by, and told without its bytes. */
export interface BlobInfo {
  /** SHA-256 of the bytes (FIPS 180-4), 64 hexadecimal digits in lower case. */
  readonly sha256: string;
  /** As the writer who came first said, for example `image/png`. */
  readonly mediaType: string;
  /** Bytes. */
  readonly size: number;
}

export interface Blob extends BlobInfo {
  readonly bytes: Uint8Array;
}

/** Content-addressed and append-only: a blob never changes, and the same bytes are kept once. */
export interface BlobStore {
  /** Keeps the bytes and returns their hash; durable when it resolves. Throws BlobTooLarge. */
  put(bytes: Uint8Array, mediaType: string): Promise<string>;
  /** Undefined if there is none of this hash. */
  get(sha256: string): Promise<Blob | undefined>;
  /** All that there are, in the order of their hashes. */
  list(): AsyncIterable<BlobInfo>;
}

/** The size limit of a file of a run, which is what blobs are made from. */
export const MAX_BLOB_BYTES = 10 * 1024 * 1024;

/** Nothing was kept. */
export class BlobTooLarge extends Error {
  readonly code = 'blob-too-large';

  constructor(readonly size: number) {
    super(`This blob has ${size} bytes; at most ${MAX_BLOB_BYTES} are kept. Make it smaller.`);
    this.name = 'BlobTooLarge';
  }
}
