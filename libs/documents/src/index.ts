/** Documents of files as their streams recorded them: at a revision, as snapshots, and changed by a program. */
export {
  DOC_SNAPSHOT_FORMAT,
  DOC_SNAPSHOT_KIND,
  decodeDocState,
  encodeDocState,
  packDocState,
  unpackDocState,
  type DocState,
} from './doc-snapshot.js';
/** Snapshots that are believed only if the log agrees. Never throws: without them files open slower. */
export { DocSnapshots, type Report } from './doc-snapshots.js';
export type { SnapshotKey, SnapshotStore, StoredSnapshot } from './snapshot-store.js';
export { PostgresSnapshotStore } from './postgres-snapshot-store.js';
/** Schema `snapshot`, as the database's owner. Throws SnapshotSchemaTooNew. */
export { migrateSnapshotSchema, SnapshotSchemaTooNew } from './snapshot-schema.js';
/** A file's document after exactly one revision of its stream. Throws RevisionMissing. */
export { RecordedDocuments, RevisionMissing } from './recorded-documents.js';
/** The least change that makes one text of another, in UTF-16 units; whole where the texts have little in common. */
export { changesBetween, type TextChange } from './text-changes.js';
/** Changes a document's text as one more author would, and gives the updates. */
export { MAX_INSERT, rewriteText } from './rewrite-text.js';
export { textIn } from './text-in.js';
/** Opens a made-up file a few times, so that the engine has compiled what opens the first real one. */
export { warmUp } from './warm-up.js';
