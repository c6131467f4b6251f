import { ByteReader, ByteWriter } from '@palimpsest/domain';
import { EditSources } from './edit-sources.js';
import { REPLAY_FORMAT, requireFormat, unzigzag, zigzag } from './replay-page.js';
import { spansOf } from './written-text.js';

/** A file's text after a number of its edits, with who wrote each unit of it: where a seek begins. */
export interface ReplayKeyframe {
  /** Edits that are in it. */
  readonly edit: number;
  readonly text: string;
  /** For each UTF-16 unit of the text the number of the edit that wrote it, from 1. */
  readonly edits: Uint32Array;
  /** Of every edit that wrote something of the text. */
  readonly sources: EditSources;
}

/**
 * A keyframe as bytes: format, number of edits; the number of sources and for each, by number of the edit, that number since
 * the one before, author × 16 + kind, milliseconds since the one before (signed); the number of spans and for each its length
 * × 2 + step, and the place of its (first) source in that list from where the one before ended (signed); the text, UTF-8 by
 * its length. A span with step 1 is of as many sources as it has units. Numbers are LEB128, signed ones zigzag.
 */
export function encodeReplayKeyframe({ edit, text, edits, sources }: ReplayKeyframe): Uint8Array {
  const places = placesOf(edit, edits);
  const writer = new ByteWriter()
    .varuint(REPLAY_FORMAT)
    .varuint(edit)
    .varuint(places[0] ?? 0);
  let before = 0;
  let ms = 0;
  for (let number = 1; number <= edit; number++) {
    if (places[number] === 0) continue;
    const place = sources.placeOf(number);
    if (place < 0) throw new RangeError(`nobody is known to have made edit ${number}`);
    const itsMs = sources.msAt(place);
    writer
      .varuint(number - before)
      .varuint(sources.headAt(place))
      .varuint(zigzag(itsMs - ms));
    before = number;
    ms = itsMs;
  }
  const spans = spansOf(edits.map((number) => (places[number] ?? 0) - 1));
  writer.varuint(spans.length);
  let expected = 0;
  for (const { length, edit: place, step } of spans) {
    writer.varuint(length * 2 + step).varuint(zigzag(place - expected));
    expected = place + step * (length - 1) + 1;
  }
  return writer.text(text).finish();
}

/** For each edit that wrote something its place among them, from 1; for the others 0. At 0: how many they are. */
function placesOf(edit: number, edits: Uint32Array): Uint32Array {
  const places = new Uint32Array(edit + 1);
  for (const number of edits) places[number] = 1;
  let count = 0;
  for (let number = 1; number <= edit; number++) if (places[number] === 1) places[number] = ++count;
  places[0] = count;
  return places;
}

/** Reads what `encodeReplayKeyframe` made. Throws RangeError for anything else, TypeError for text that is not UTF-8. */
export function decodeReplayKeyframe(bytes: Uint8Array): ReplayKeyframe {
  const reader = new ByteReader(bytes);
  requireFormat(reader.varuint());
  const edit = reader.varuint();
  const sources = readSources(reader);
  const spans = readSpans(reader, sources.length);
  const text = reader.text();
  if (reader.remaining > 0) throw new RangeError(`a keyframe has ${reader.remaining} bytes too many`);
  const edits = new Uint32Array(text.length);
  let at = 0;
  for (let n = 0; n < spans.length; n += 2) {
    const head = spans[n] ?? 0;
    const place = spans[n + 1] ?? 0;
    const length = Math.floor(head / 2);
    // Before it is filled: a length is a claim.
    if (length > edits.length - at) throw new RangeError('a keyframe has spans beyond its text');
    if (head % 2 === 1) sources.copyNumbers(place, length, edits, at);
    else edits.fill(sources.numberAt(place), at, at + length);
    at += length;
  }
  if (at !== text.length) throw new RangeError('a keyframe has text of nobody');
  return { edit, text, edits, sources };
}

function readSources(reader: ByteReader): EditSources {
  const count = reader.varuint();
  // A claim as well: each takes three bytes at least.
  const sources = new EditSources(Math.min(count, Math.ceil(reader.remaining / 3)));
  let number = 0;
  let ms = 0;
  for (let left = count; left > 0; left--) {
    number += reader.varuint();
    const head = reader.varuint();
    ms += unzigzag(reader.varuint());
    sources.addHead(number, head, ms);
  }
  return sources;
}

/** Of each its length × 2 + step and the place of its first source, one after the other: there are tens of thousands. */
function readSpans(reader: ByteReader, sources: number): number[] {
  const spans: number[] = [];
  let expected = 0;
  for (let left = reader.varuint(); left > 0; left--) {
    const head = reader.varuint();
    const length = Math.floor(head / 2);
    const step = head % 2;
    const place = expected + unzigzag(reader.varuint());
    expected = place + step * (length - 1) + 1;
    if (length === 0 || place < 0 || expected > sources) throw new RangeError('a keyframe has text of nobody');
    spans.push(head, place);
  }
  return spans;
}
