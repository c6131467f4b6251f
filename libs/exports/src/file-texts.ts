import type { RecordedDocuments } from '@palimpsest/documents';
import { asId, decodeFileEdited, type EditOrigin, type FileId, TEXT_ROOT } from '@palimpsest/domain';
import type { RecordedEvent } from '@palimpsest/event-store';
import * as Y from 'yjs';
import { CodePointText, type PointSplice } from './code-point-text.js';
import { type Splice, splicesOf } from './splices.js';

/** What one update did to a text, at a moment of the server's clock, milliseconds since 1970. */
export interface TextEdit {
  readonly at: number;
  readonly origin: EditOrigin;
  /** Several where it changed several places. */
  readonly splices: readonly PointSplice[];
}

interface Held {
  readonly doc: Y.Doc;
  readonly text: CodePointText;
  /** Of the last event in it. */
  revision: bigint;
}

/** UTF-16 units of all texts that are held at most; their documents take some ten times as much. */
const HELD_LENGTH = 8_000_000;
const HELD_FILES = 1_000;

/**
 * Texts of many files that are edited in the order of the log. Those that were not used for the longest are let go, and
 * read again when they are needed: a class that works in a hundred files holds a hundred documents.
 */
export class FileTexts {
  /** The one that was used last is the last. */
  readonly #held = new Map<string, Held>();
  /** Last revisions that were applied: of files that were let go as well. */
  readonly #last = new Map<string, bigint>();
  #length = 0;

  /** `most`: files that are held at the same time. */
  constructor(
    private readonly documents: RecordedDocuments,
    private readonly most = HELD_FILES,
  ) {}

  /** Applies a FileEdited of the file. Events of one file have to come in their order. */
  async apply(file: string, event: RecordedEvent): Promise<TextEdit[]> {
    const held = await this.#take(file, event.revision - 1n);
    const { startedAt, edits } = decodeFileEdited(event.data);
    const before = held.text.length;
    const done = edits.map(({ ms, origin, update }) => ({ at: startedAt + ms, origin, splices: apply(held, update) }));
    held.revision = event.revision;
    this.#last.set(file, event.revision);
    this.#length += held.text.length - before;
    this.#letGo(file);
    return done;
  }

  /** The text after the last event that was applied. */
  async textNow(file: string): Promise<string> {
    const held = this.#held.get(file);
    if (held) return held.text.toString();
    return this.documents.textAt(asId<FileId>(file), this.#last.get(file) ?? null);
  }

  /** The text after `revision`; null: before the first. */
  async textAt(file: string, revision: bigint | null): Promise<string> {
    if (revision === null) return '';
    const held = this.#held.get(file);
    if (held?.revision === revision) return held.text.toString();
    return this.documents.textAt(asId<FileId>(file), revision);
  }

  dispose(): void {
    for (const { doc } of this.#held.values()) doc.destroy();
    this.#held.clear();
  }

  async #take(file: string, revision: bigint): Promise<Held> {
    const known = this.#held.get(file);
    if (known) {
      this.#held.delete(file);
      this.#held.set(file, known);
      return known;
    }
    const doc = await this.documents.at(asId<FileId>(file), revision < 0n ? null : revision);
    const text = new CodePointText(doc.getText(TEXT_ROOT).toString());
    const held = { doc, text, revision };
    this.#held.set(file, held);
    this.#length += text.length;
    return held;
  }

  #letGo(except: string): void {
    for (const [file, { doc, text }] of this.#held) {
      if (this.#length <= HELD_LENGTH && this.#held.size <= this.most) return;
      if (file === except) continue;
      this.#held.delete(file);
      this.#length -= text.length;
      doc.destroy();
    }
  }
}

function apply({ doc, text }: Held, update: Uint8Array): PointSplice[] {
  let splices: readonly Splice[] = [];
  const root = doc.getText(TEXT_ROOT);
  const observe = (event: Y.YTextEvent) => (splices = splicesOf(event.delta));
  root.observe(observe);
  Y.applyUpdate(doc, update);
  root.unobserve(observe);
  return splices.map((splice) => text.splice(splice)).filter(({ removed, inserted }) => removed !== inserted);
}
