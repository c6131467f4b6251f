/** Stable names of the faults: safe to log and to compare. */
export type ArchiveFaultCode =
  | 'archive-missing'
  | 'archive-damaged'
  | 'archive-too-new'
  | 'archive-in-use'
  | 'archive-of-another-log'
  | 'folder-not-empty'
  | 'folder-not-writable'
  | 'store-differs'
  | 'store-ahead';

/** What an archive cannot do, why, and what to do about it, in one or two sentences for a person. */
export class ArchiveFault extends Error {
  constructor(
    readonly code: ArchiveFaultCode,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
    this.name = 'ArchiveFault';
  }
}
