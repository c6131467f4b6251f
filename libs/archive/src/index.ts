/** Archives of an event log: export, import into any store, verify. The format is described in docs/ARCHIVE.md. */
export { ArchiveFault, type ArchiveFaultCode } from './archive-fault.js';
export { readManifest as archiveInfo } from './archive-folder.js';
export { exportArchive, type ExportOptions, type ExportResult } from './export-archive.js';
export { importArchive, type ImportOptions, type ImportResult } from './import-archive.js';
export { FORMAT_VERSION, type Manifest, type Segment, type SegmentKind } from './manifest.js';
export type { OnProgress, Progress } from './progress.js';
export { encodeLeaf } from './record-line.js';
/** One event of a log as one line of JSON, without the line's end; every byte of it can be read back. */
export { encodeEvent as encodeEventLine } from './record-line.js';
export { verifyArchive, type Verification } from './verify-archive.js';
