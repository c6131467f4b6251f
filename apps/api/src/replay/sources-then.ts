import { type EditSource, type EditSources, headOf, type ReplayPage, sourceOfHead } from '@palimpsest/protocol';

/** Who made the edits that a text is of: those in a keyframe, and those of the page that follows it. */
export class SourcesThen {
  /** Of the edit that was found last: author and kind as one number (`headOf`), and milliseconds since 1970. */
  head = 0;
  ms = 0;

  /** Without a page all of them are in `keyframe`. */
  constructor(
    private readonly keyframe: EditSources,
    private readonly page: ReplayPage = { first: Infinity, edits: [] },
  ) {}

  /** Makes `head` and `ms` those of the edit of this number. Throws RangeError for one that wrote nothing of the text. */
  find(number: number): void {
    const { first, edits } = this.page;
    if (number > first) {
      const edit = edits[number - first - 1];
      if (!edit) throw new RangeError(`edit ${number} wrote nothing of the text`);
      this.head = headOf(edit.author, edit.kind);
      this.ms = edit.ms;
      return;
    }
    const place = this.keyframe.placeOf(number);
    if (place < 0) throw new RangeError(`edit ${number} wrote nothing of the text`);
    this.head = this.keyframe.headAt(place);
    this.ms = this.keyframe.msAt(place);
  }

  /** The same as an object. */
  of(number: number): EditSource {
    this.find(number);
    return { ...sourceOfHead(this.head), ms: this.ms };
  }
}
