/**
 * Theory of operation. The outbox keeps what a person typed on this computer until the event store has it, and for some days
 * more. Records are Yjs updates, which can be applied any number of times in any order with the same result. So:
 *
 *   typing     every update is written down as it happens, before the frame with it goes
 *   opening    all that is kept of this person in this file goes into the fresh document before it connects; the first step 2
 *              then carries what the server does not have, under the client ids under which it was typed
 *   durable    the acknowledgement turns the oldest unsent records into durable ones, merged to keep them few
 *   refused    they become a text that can be copied, and are never sent again
 *
 * Tabs need no lock. Each writes under a name of its own; each may send what any of them kept, since sending twice changes
 * nothing; and "durable" is a fact that any of them may write down. Records belong to a person by id: what one kept is never
 * read for another.
 *
 * Writing fails where the disk is full or storage is switched off. Then editing goes on and `place` says `tab`.
 */
import { clientsOf, insertedText, mergeRun } from '../editor/update-merge.js';
import { Signal } from '../signal.js';
import { type KeptUpdate, keyOf, type OutboxChange, type OutboxDatabase, type SetAside } from './outbox-database.js';
import { expired } from './retention.js';

/** Updates in one durable record. */
const MERGED = 64;

/** Where unsent changes are: they survive this tab, or they do not. */
export type Place = 'computer' | 'tab';

/** The outbox of this browser. */
export class Outbox {
  /** What was refused of the person who is signed in; see `look`. */
  readonly asides = new Signal<readonly SetAside[]>([]);
  readonly #database: Promise<OutboxDatabase | null>;

  constructor(database: Promise<OutboxDatabase | null>) {
    this.#database = database;
  }

  /** Everything kept of `user` in this file. Never rejects: what cannot be read is as if it were not there. */
  async open(user: string, file: FileName): Promise<FileOutbox> {
    const database = await this.#database;
    const kept = await (database?.ofFile(user, file.id) ?? Promise.resolve([])).catch(() => null);
    return new FileOutbox(kept ? database : null, user, file, kept ?? [], () => void this.look(user));
  }

  /** Files with unsent changes that are older than `age` milliseconds. */
  async unsentFiles(user: string, age: number): Promise<readonly FileName[]> {
    const kept = await (await this.#database)?.unsent(user).catch(() => []);
    const old = (kept ?? []).filter((record) => record.at <= Date.now() - age);
    return [...new Map(old.map(({ file, path }) => [file, { id: file, path }])).values()];
  }

  /** Reads what was refused of `user` into `asides`. */
  async look(user: string): Promise<void> {
    this.asides.set((await (await this.#database)?.asides(user).catch(() => [])) ?? []);
  }

  /** Throws refused changes away. */
  async discard({ user, id }: SetAside): Promise<void> {
    await (await this.#database)?.write({ removeAside: [user, id] }).catch(() => undefined);
    await this.look(user);
  }

  /** Forgets durable updates that are old, or more than the bounds. */
  async prune(now = Date.now()): Promise<void> {
    const database = await this.#database;
    const remove = expired((await database?.durable().catch(() => [])) ?? [], now);
    if (remove.length > 0) await database?.write({ remove }).catch(() => undefined);
  }
}

export interface FileName {
  readonly id: string;
  readonly path: string;
}

/** What one opening of one file keeps. */
export class FileOutbox {
  /** Everything kept so far, as one update; null if nothing was. */
  readonly kept: Uint8Array | null;
  /** Client ids under which this person has written here, as far as this computer knows. */
  readonly clients = new Set<number>();
  readonly #database: OutboxDatabase | null;
  readonly #user: string;
  readonly #file: FileName;
  readonly #onAside: () => void;
  readonly #tab = randomName();
  /** In the order of the ledger's edits. */
  #unsent: KeptUpdate[];
  /** Could not be written yet. */
  #unwritten: KeptUpdate[] = [];
  /** The durable record that grows. */
  #growing: KeptUpdate | null = null;
  #grown = 0;
  #count = 0;
  #writing: Promise<void> = Promise.resolve();

  constructor(
    database: OutboxDatabase | null,
    user: string,
    file: FileName,
    records: readonly KeptUpdate[],
    onAside: () => void,
  ) {
    this.#database = database;
    this.#user = user;
    this.#file = file;
    this.#onAside = onAside;
    this.#unsent = records.filter((record) => record.durable === 0);
    this.kept = mergeRun(records.map((record) => record.update));
    this.#own(this.kept);
  }

  /** Changes that are not known to be durable. */
  get unsent(): number {
    return this.#unsent.length;
  }

  /** Where the unsent changes are. */
  get place(): Place {
    return this.#database && this.#unwritten.length === 0 ? 'computer' : 'tab';
  }

  /** Keeps an update that the person has just made. Resolves when it is written, or cannot be. */
  keep(update: Uint8Array): Promise<void> {
    const record = this.#record(update, 0);
    this.#own(update);
    this.#unsent.push(record);
    return this.#write({ put: [...this.#unwritten, record] }, [record]);
  }

  /** The oldest `count` changes are durable. */
  confirm(count: number): Promise<void> {
    const news = this.#unsent.splice(0, count);
    if (news.length === 0) return this.#writing;
    const gone = new Set(news);
    this.#unwritten = this.#unwritten.filter((record) => !gone.has(record));
    return this.#write({ put: [this.#grow(news)], remove: news.map(keyOf) }, []);
  }

  /** Unsent changes that other tabs of this person kept after this one was opened. */
  async newcomers(): Promise<readonly KeptUpdate[]> {
    const known = new Set(this.#unsent.map((record) => keyOf(record).join()));
    const all = (await this.#database?.ofFile(this.#user, this.#file.id).catch(() => [])) ?? [];
    return all.filter((record) => record.durable === 0 && record.tab !== this.#tab && !known.has(keyOf(record).join()));
  }

  /** This tab sends these records of another one: they count from now on. */
  adopt(records: readonly KeptUpdate[]): void {
    this.#unsent.push(...records);
    for (const { update } of records) this.#own(update);
  }

  /** The server refused: the unsent changes are kept as text from now on. Resolves to whether they could be. */
  async setAside(reason: string, text: string | null): Promise<boolean> {
    const refused = this.#unsent;
    if (!this.#database || refused.length === 0) return false;
    const aside = this.#aside(refused, reason, text);
    await this.#writing;
    const isKept = await this.#database.write({ remove: refused.map(keyOf), putAside: aside }).then(
      () => true,
      () => false,
    );
    if (isKept) this.#unsent = this.#unwritten = [];
    this.#onAside();
    return isKept;
  }

  #aside(refused: readonly KeptUpdate[], reason: string, text: string | null): SetAside {
    const typed = insertedText(mergeRun(refused.map((record) => record.update)) ?? EMPTY);
    const { id: file, path } = this.#file;
    const edits = refused.length;
    return { user: this.#user, id: randomName(), file, path, at: Date.now(), reason, edits, typed, text };
  }

  #own(update: Uint8Array | null): void {
    if (update) for (const client of clientsOf(update)) this.clients.add(client);
  }

  #record(update: Uint8Array, durable: 0 | 1): KeptUpdate {
    const { id: file, path } = this.#file;
    const number = this.#count++;
    return {
      user: this.#user,
      file,
      tab: this.#tab,
      number,
      path,
      at: Date.now(),
      durable,
      size: update.length,
      update,
    };
  }

  /** The record that holds what became durable: the one before with more in it, or a new one. */
  #grow(news: readonly KeptUpdate[]): KeptUpdate {
    const before = this.#grown + news.length <= MERGED ? this.#growing : null;
    const update = mergeRun([...(before ? [before.update] : []), ...news.map((record) => record.update)]) ?? EMPTY;
    this.#grown = news.length + (before ? this.#grown : 0);
    this.#growing = before ? { ...before, at: Date.now(), size: update.length, update } : this.#record(update, 1);
    return this.#growing;
  }

  /** `risked`: records that are in this tab only if it fails. The next write tries them again: a gap would hold up all after it. */
  #write(change: OutboxChange, risked: readonly KeptUpdate[]): Promise<void> {
    if (!this.#database) return this.#writing;
    const tried = this.#unwritten;
    this.#writing = this.#database.write(change).then(
      () => {
        if (risked.length > 0) this.#unwritten = this.#unwritten.filter((record) => !tried.includes(record));
      },
      () => {
        const unsent = new Set(this.#unsent);
        this.#unwritten.push(...risked.filter((record) => unsent.has(record)));
      },
    );
    return this.#writing;
  }
}

/** An update with nothing in it. */
const EMPTY = Uint8Array.of(0, 0);

/** `crypto.randomUUID` is not there over plain HTTP, which classrooms use. */
function randomName(): string {
  return Array.from(crypto.getRandomValues(new Uint32Array(4)), (word) => word.toString(36)).join('-');
}
