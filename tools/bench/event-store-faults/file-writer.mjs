/**
 * Makes and deletes files through the api. A request that makes a file has no key by which the server would know its
 * repetition; but a path can be taken only once, and each of these is used once: "taken" in answer to a repetition means
 * that the attempt before was carried out, and the workspace tells the file's id. Deleting can be repeated as it is.
 */
import { randomUUID } from 'node:crypto';

const PAUSE = 15;
const LOOK_AGAIN = 50;
const LOOKS = 200;
const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

export class FileWriter {
  static kind = 'http';
  #client;
  #workspace;
  #ledger;
  #writing = true;
  #done;

  constructor(client, workspace, ledger) {
    this.#client = client;
    this.#workspace = workspace;
    this.#ledger = ledger;
    this.#done = this.#write();
  }

  async stop() {
    this.#writing = false;
    await this.#done;
  }

  async #write() {
    while (this.#writing) {
      const made = await this.#create();
      await sleep(PAUSE);
      if (made) await this.#delete(made);
      await sleep(PAUSE);
    }
  }

  async #create() {
    const path = `faults/${randomUUID()}.py`;
    const sentAt = performance.now();
    const { status, body, repeated } = await this.#client.request('POST', `workspaces/${this.#workspace}/files`, {
      path,
      text: `print("${path}")\n`,
    });
    const carriedOutBefore = repeated && status === 409 && body.code === 'path-taken';
    if (status !== 201 && !carriedOutBefore) return this.#ledger.refused(`creation of ${path}: ${status} ${body.code}`);
    const made = { file: carriedOutBefore ? await this.#find(path) : body.id, path, deleted: false };
    this.#ledger.files.push(made);
    this.#ledger.answered(FileWriter.kind, sentAt);
    return made;
  }

  /** The list of files follows the log a little later. Undefined if the file is never in it: then it counts as lost. */
  async #find(path) {
    for (let look = 0; look < LOOKS; look++) {
      const { body } = await this.#client.request('GET', `workspaces/${this.#workspace}`);
      const found = body.files?.find((file) => file.path === path);
      if (found) return found.id;
      await sleep(LOOK_AGAIN);
    }
  }

  async #delete(made) {
    const sentAt = performance.now();
    for (let look = 0; ; look++) {
      const { status, body } = await this.#client.request('DELETE', `workspaces/${this.#workspace}/files/${made.file}`);
      if (status === 200) break;
      // "Not found" for a while: not in the list yet.
      if (status !== 404 || look === LOOKS)
        return this.#ledger.refused(`deletion of ${made.path}: ${status} ${body.code}`);
      await sleep(LOOK_AGAIN);
    }
    made.deleted = true;
    this.#ledger.answered(FileWriter.kind, sentAt);
  }
}
