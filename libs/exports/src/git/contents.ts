import type { BlobStore } from '@palimpsest/blobs';
import type { RecordedDocuments } from '@palimpsest/documents';
import { CONTENT_STORED, type ContentStored, FILE_EDITED, readEvent } from '@palimpsest/domain';
import type { RecordedEvent } from '@palimpsest/event-store';
import { FileTexts } from '../file-texts.js';
import { gitObject } from './objects.js';
import type { Pack } from './pack.js';

/** What files hold at their revisions, as blobs of Git. Told of the events of the files in their order. */
export class Contents {
  readonly #texts: FileTexts;
  /** The last revision of a file that is known. */
  readonly #revisions = new Map<string, bigint>();
  /** Hashes of the contents of binary files, by file and revision. */
  readonly #stored = new Map<string, string>();
  /** The blob of a file that was asked for last: most files do not change between two commits. */
  readonly #last = new Map<string, { readonly revision: bigint | null; readonly id: string }>();

  constructor(
    documents: RecordedDocuments,
    private readonly blobs: BlobStore,
    private readonly pack: Pack,
  ) {
    this.#texts = new FileTexts(documents);
  }

  async take(file: string, event: RecordedEvent): Promise<void> {
    if (event.type === FILE_EDITED) await this.#texts.apply(file, event);
    else if (event.type === CONTENT_STORED)
      this.#stored.set(`${file} ${event.revision}`, (readEvent(event) as ContentStored).data.sha256);
    this.#revisions.set(file, event.revision);
  }

  /** Id of what the file held at `revision`; without one, as it is now. Null: before its first content. */
  async blobOf(file: string, isBinary: boolean, revision?: bigint | null): Promise<string> {
    const wanted = revision === undefined ? (this.#revisions.get(file) ?? null) : revision;
    const last = this.#last.get(file);
    if (last?.revision === wanted) return last.id;
    const bytes = isBinary ? await this.#binary(file, wanted) : Buffer.from(await this.#texts.textAt(file, wanted));
    const blob = gitObject('blob', bytes);
    await this.pack.add(blob);
    this.#last.set(file, { revision: wanted, id: blob.id });
    return blob.id;
  }

  dispose(): void {
    this.#texts.dispose();
  }

  async #binary(file: string, revision: bigint | null): Promise<Buffer> {
    if (revision === null) return Buffer.alloc(0);
    const sha256 = this.#stored.get(`${file} ${revision}`);
    const blob = sha256 === undefined ? undefined : await this.blobs.get(sha256);
    if (!blob) throw new Error(`the content of file ${file} at ${revision} is not there: restore the blobs`);
    return Buffer.from(blob.bytes.buffer, blob.bytes.byteOffset, blob.bytes.byteLength);
  }
}
