import { MAX_INPUT_LENGTH } from '@palimpsest/domain';
import { FitAddon } from '@xterm/addon-fit';
import { type ITheme, Terminal } from '@xterm/xterm';
import { copyText } from '../copy-text.js';
import { PlainOutput } from '../plain-text.js';
import type { OutputSink } from './run-feed.js';

/** Characters that "Copy output" gives. */
const COPIED = 20_000;

/** What the server takes as a size (libs/domain: TERMINAL_COLUMNS, TERMINAL_ROWS); a hidden pane measures as nothing. */
const LEAST = { columns: 20, rows: 5 } as const;
const MOST = { columns: 500, rows: 200 } as const;

export interface Size {
  readonly columns: number;
  readonly rows: number;
}

export interface ScreenEvents {
  onInput(text: string): void;
  /** Something new is in the plain output. */
  onText(): void;
}

/** The terminal on the page: shows a run's output, takes keys, and keeps the output as plain text beside it. */
export class TerminalScreen implements OutputSink {
  readonly plain = new PlainOutput(COPIED);
  readonly #terminal: Terminal;
  readonly #fit = new FitAddon();
  readonly #events: ScreenEvents;
  /** Escape was the last key: Tab leaves. */
  #leaving = false;

  constructor(parent: HTMLElement, theme: ITheme, events: ScreenEvents) {
    this.#events = events;
    this.#terminal = new Terminal({
      fontSize: 13,
      lineHeight: 1.2,
      fontFamily: 'ui-monospace, "DejaVu Sans Mono", Menlo, Consolas, monospace',
      scrollback: 10_000,
      minimumContrastRatio: 4.5,
      theme,
    });
    this.#terminal.loadAddon(this.#fit);
    this.#terminal.open(parent);
    this.#terminal.textarea?.setAttribute('aria-label', 'Console input. Press Escape, then Tab to leave');
    this.#terminal.onData((text) => this.#input(text));
    this.#terminal.attachCustomKeyEventHandler((event) => this.#takesKey(event));
  }

  clear(): void {
    this.#terminal.reset();
    this.plain.clear();
    this.#events.onText();
  }

  write(text: string): void {
    this.#terminal.write(text);
    this.plain.push(text);
    this.#events.onText();
  }

  resize(columns: number, rows: number): void {
    if (columns !== this.#terminal.cols || rows !== this.#terminal.rows) this.#terminal.resize(columns, rows);
  }

  /** What fits into the pane now; undefined while the pane is not to be seen. */
  get fitting(): Size | undefined {
    const proposed = this.#fit.proposeDimensions();
    if (!proposed || !(proposed.cols > 0) || !(proposed.rows > 0)) return undefined;
    return {
      columns: Math.min(Math.max(proposed.cols, LEAST.columns), MOST.columns),
      rows: Math.min(Math.max(proposed.rows, LEAST.rows), MOST.rows),
    };
  }

  setTheme(theme: ITheme): void {
    this.#terminal.options.theme = theme;
  }

  /** Whether keys go to the run. */
  setTakesInput(takes: boolean): void {
    this.#terminal.options.disableStdin = !takes;
    this.#terminal.options.cursorBlink = takes && !matchMedia('(prefers-reduced-motion: reduce)').matches;
    this.#terminal.options.cursorInactiveStyle = takes ? 'outline' : 'none';
  }

  focus(): void {
    this.#terminal.focus();
  }

  dispose(): void {
    this.#terminal.dispose();
  }

  /** A long paste goes in parts that the server takes; a part ends at a whole character. */
  #input(text: string): void {
    for (let at = 0; at < text.length;) {
      let end = Math.min(at + MAX_INPUT_LENGTH, text.length);
      if (end < text.length && /[\ud800-\udbff]/.test(text[end - 1] ?? '')) end -= 1;
      this.#events.onInput(text.slice(at, end));
      at = end;
    }
  }

  /**
   * False leaves a key to the page: Tab after Escape (no keyboard trap), the keys of Run, and Ctrl+C while something is
   * selected, where it means copy.
   */
  #takesKey(event: KeyboardEvent): boolean {
    if (event.type !== 'keydown') return true;
    const { key } = event;
    if (key === 'Tab' && this.#leaving) return false;
    if (key !== 'Shift') this.#leaving = key === 'Escape';
    const control = event.ctrlKey || event.metaKey;
    if (control && key.toLowerCase() === 'c' && this.#terminal.hasSelection()) return this.#copySelection(event);
    return !(key === 'F5' || (control && key === 'Enter'));
  }

  #copySelection(event: KeyboardEvent): false {
    event.preventDefault();
    void copyText(this.#terminal.getSelection());
    this.#terminal.clearSelection();
    return false;
  }
}
