import { Signal } from './signal.js';

/** A line that somebody wants to see in the editor; whoever shows the file puts the cursor there and clears the request. */
export interface CursorRequest {
  readonly file: string;
  /** Counted from 1. */
  readonly line: number;
}

export const cursorRequest = new Signal<CursorRequest | null>(null);
