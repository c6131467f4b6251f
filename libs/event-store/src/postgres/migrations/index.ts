import { createLog } from './0001-create-log.js';
import { append } from './0002-append.js';
import { streamLifecycle } from './0003-stream-lifecycle.js';
import { importEvents } from './0004-import.js';
import { fasterAppend } from './0005-faster-append.js';
import { keepMetadata } from './0006-keep-metadata.js';

export interface Migration {
  readonly version: number;
  readonly name: string;
  readonly sql: string;
}

/** All migrations, in order. Versions count from 1 without gaps. */
export const migrations: readonly Migration[] = [
  { version: 1, name: 'create-log', sql: createLog },
  { version: 2, name: 'append', sql: append },
  { version: 3, name: 'stream-lifecycle', sql: streamLifecycle },
  { version: 4, name: 'import', sql: importEvents },
  { version: 5, name: 'faster-append', sql: fasterAppend },
  { version: 6, name: 'keep-metadata', sql: keepMetadata },
];
