/**
 * Terminal output as plain text, for "Copy output", for screen readers and for the replay: escape sequences (ECMA-48:
 * CSI, OSC and other strings, two-character ones) are taken out, line ends become `\n`.
 */
// eslint-disable-next-line no-control-regex
const STRINGS = /[\]PX^_][^\u0007\u001b]*(?:\u0007|\u001b\\)/u.source;
const CSI = '\\[[0-?]*[ -/]*[@-~]';
const SHORT = '[ -/]*[0-OQ-WYZ`-~]';
const ESCAPES = new RegExp(`\\u001b(?:${CSI}|${STRINGS}|${SHORT})`, 'gu');
/** The beginning of a sequence whose end has not come yet. */
// eslint-disable-next-line no-control-regex
const CUT_OFF = new RegExp('\\u001b(?:\\[[0-?]*[ -/]*|[\\]PX^_][^\\u0007\\u001b]*\\u001b?|[ -/]*)$', 'u');
// eslint-disable-next-line no-control-regex
const CONTROLS = /[\u0000-\u0008\u000b\u000c\u000e-\u001a\u001c-\u001f\u007f]/gu;

/** `text` without escape sequences; a sequence that is cut off at the end is left out. */
export function plainText(text: string): string {
  return text.replace(ESCAPES, '').replace(CUT_OFF, '').replace(/\r+\n/gu, '\n').replace(CONTROLS, '');
}

/** Collects output and keeps the last `limit` characters of it as plain text. */
export class PlainOutput {
  #raw = '';
  readonly #limit: number;

  constructor(limit: number) {
    this.#limit = limit;
  }

  clear(): void {
    this.#raw = '';
  }

  /** Trimmed at twice the limit only: trimming at every chunk would copy the whole each time. */
  push(chunk: string): void {
    this.#raw += chunk;
    if (this.#raw.length > 4 * this.#limit) this.#raw = this.#raw.slice(-2 * this.#limit);
  }

  get text(): string {
    return plainText(this.#raw).slice(-this.#limit);
  }
}
