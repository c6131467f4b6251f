/** Bytes that events refer to by their hash: what a program made and is too large or too binary for the log. */
export { BlobTooLarge, MAX_BLOB_BYTES, type Blob, type BlobInfo, type BlobStore } from './blob-store.js';
/** Media type by the first bytes alone. */
export { ANY_BYTES, mediaTypeOf } from './media-type.js';
export { BlobsTooNew, migratePostgresBlobs, PostgresBlobStore } from './postgres-blob-store.js';
