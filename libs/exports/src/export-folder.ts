import { createWriteStream, type WriteStream } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { once } from 'node:events';

/** Files of an export that cannot be sent while they come into being; on the disk, so that memory does not grow with them. */
export class ExportFolder {
  readonly #open = new Map<string, WriteStream>();
  readonly #paths: string[] = [];

  /** `folder` has to be there. */
  constructor(readonly folder: string) {}

  /** Of what was written, relative to the folder, in the order in which it was begun. */
  get paths(): readonly string[] {
    return this.#paths;
  }

  /** Adds to a file, which is made by the first call. */
  async append(path: string, text: string | Uint8Array): Promise<void> {
    let file = this.#open.get(path);
    if (!file) {
      await this.#prepare(path);
      file = createWriteStream(join(this.folder, path), { flags: 'wx', mode: 0o600 });
      await once(file, 'open');
      this.#open.set(path, file);
    }
    if (!file.write(text)) await once(file, 'drain');
  }

  async write(path: string, text: string): Promise<void> {
    await this.#prepare(path);
    await writeFile(join(this.folder, path), text, { flag: 'wx', mode: 0o600 });
  }

  /** Whatever happened: nothing stays open. */
  async close(): Promise<void> {
    for (const file of this.#open.values()) await new Promise<void>((done) => file.end(done));
    this.#open.clear();
  }

  async #prepare(path: string): Promise<void> {
    this.#paths.push(path);
    await mkdir(dirname(join(this.folder, path)), { recursive: true, mode: 0o700 });
  }
}
