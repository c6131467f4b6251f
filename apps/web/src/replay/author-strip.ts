import type { FileHistoryDto } from '@palimpsest/protocol/wire';
import { colourOf } from '../person-colour.js';

/** Parts of the strip at most: more than a screen has room for says nothing. */
const PARTS = 300;

export interface StripPart {
  readonly colour: string;
  /** Edits in it. */
  readonly share: number;
}

/** The edits in order, in stretches coloured by who made most of them. */
export function authorStrip({ edits, authors }: Pick<FileHistoryDto, 'edits' | 'authors'>): StripPart[] {
  const size = Math.max(1, Math.ceil(edits.length / PARTS));
  const parts: { colour: string; share: number }[] = [];
  for (let start = 0; start < edits.length; start += size) {
    const stretch = edits.slice(start, start + size).map(([, author]) => author);
    const colour = colourOf(authors[mostFrequent(stretch)]?.id ?? '');
    const last = parts.at(-1);
    if (last?.colour === colour) last.share += stretch.length;
    else parts.push({ colour, share: stretch.length });
  }
  return parts;
}

function mostFrequent(values: readonly number[]): number {
  const counts = new Map<number, number>();
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1);
  return [...counts].reduce((most, entry) => (entry[1] > most[1] ? entry : most), [0, 0])[0];
}
