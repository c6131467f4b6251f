/** How far a command has got, for a person who waits. */
export interface Progress {
  readonly phase: 'comparing' | 'events' | 'blobs' | 'streams' | 'files';
  /** Records, or files, so far. */
  readonly done: number;
  /** From 0 to 1; undefined where nobody knows the whole. */
  readonly share: number | undefined;
}

export type OnProgress = (progress: Progress) => void;

/** Records between two reports. */
export const REPORT_EVERY = 1_000;
