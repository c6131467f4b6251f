import {
  type DurableKey,
  type KeptKey,
  type KeptUpdate,
  type OutboxChange,
  type OutboxDatabase,
  type SetAside,
} from './outbox-database.js';

/** One database an origin. */
const NAME = 'palimpsest-outbox';
const VERSION = 1;

/** Names of its stores and indexes: they are the stored format. */
const UPDATES = 'updates';
const ASIDES = 'asides';
const BY_PERSON = 'by-person';
const BY_AGE = 'by-age';

/** Milliseconds. Some browsers neither open nor refuse where storage is switched off. */
const PATIENCE = 3_000;

/** Opens the outbox of this origin; null where the browser does not let the page keep anything. */
export async function openIndexedDb(): Promise<OutboxDatabase | null> {
  const opening = open().then(
    (database) => new IndexedDbOutbox(database),
    () => null,
  );
  return Promise.race([opening, new Promise<null>((give) => setTimeout(() => give(null), PATIENCE))]);
}

function open(): Promise<IDBDatabase> {
  return new Promise((resolve, reject) => {
    // Throws, or is not there at all, where storage is blocked.
    const request = indexedDB.open(NAME, VERSION);
    request.onupgradeneeded = () => create(request.result);
    request.onerror = () => reject(request.error ?? new Error('IndexedDB cannot be opened'));
    request.onsuccess = () => {
      const database = request.result;
      // A later version of the page, in another tab, wants to change the format: it goes first.
      database.onversionchange = () => database.close();
      resolve(database);
    };
  });
}

function create(database: IDBDatabase): void {
  const updates = database.createObjectStore(UPDATES, { keyPath: ['user', 'file', 'tab', 'number'] });
  updates.createIndex(BY_PERSON, ['user', 'durable']);
  updates.createIndex(BY_AGE, ['durable', 'at', 'size']);
  database.createObjectStore(ASIDES, { keyPath: ['user', 'id'] });
}

class IndexedDbOutbox implements OutboxDatabase {
  readonly #database: IDBDatabase;

  constructor(database: IDBDatabase) {
    this.#database = database;
  }

  async write({ put = [], remove = [], putAside, removeAside }: OutboxChange): Promise<void> {
    const transaction = this.#database.transaction([UPDATES, ASIDES], 'readwrite');
    const updates = transaction.objectStore(UPDATES);
    for (const record of put) updates.put(record);
    for (const key of remove) updates.delete([...key]);
    if (putAside) transaction.objectStore(ASIDES).put(putAside);
    if (removeAside) transaction.objectStore(ASIDES).delete([...removeAside]);
    const done = completion(transaction);
    // Without this the commit waits for a turn of this page, which may be closing.
    transaction.commit();
    return done;
  }

  ofFile(user: string, file: string): Promise<KeptUpdate[]> {
    // An array sorts after every string and number: the end of all keys that begin like this.
    const range = IDBKeyRange.bound([user, file], [user, file, []]);
    return answer<KeptUpdate[]>(this.#read(UPDATES).getAll(range));
  }

  unsent(user: string): Promise<KeptUpdate[]> {
    return answer<KeptUpdate[]>(this.#read(UPDATES).index(BY_PERSON).getAll([user, 0]));
  }

  durable(): Promise<DurableKey[]> {
    const request = this.#read(UPDATES)
      .index(BY_AGE)
      .openKeyCursor(IDBKeyRange.bound([1], [1, []]));
    const found: DurableKey[] = [];
    return new Promise((resolve, reject) => {
      request.onerror = () => reject(request.error ?? new Error('IndexedDB cannot be read'));
      request.onsuccess = () => {
        const cursor = request.result;
        if (!cursor) return resolve(found);
        const [, at, size] = cursor.key as unknown as readonly [durable: 1, at: number, size: number];
        found.push({ key: cursor.primaryKey as unknown as KeptKey, at, size });
        cursor.continue();
      };
    });
  }

  asides(user: string): Promise<SetAside[]> {
    return answer<SetAside[]>(this.#read(ASIDES).getAll(IDBKeyRange.bound([user], [user, []])));
  }

  #read(store: string): IDBObjectStore {
    return this.#database.transaction(store, 'readonly').objectStore(store);
  }
}

function answer<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error ?? new Error('IndexedDB cannot be read'));
  });
}

/** A full disk shows here, not at the request. */
function completion(transaction: IDBTransaction): Promise<void> {
  return new Promise((resolve, reject) => {
    transaction.oncomplete = () => resolve();
    transaction.onabort = () => reject(transaction.error ?? new Error('IndexedDB did not take the change'));
  });
}
