/** A line that shows how far a command is: redrawn in place on a terminal, a new line now and then elsewhere. */
export interface Step {
  readonly label: string;
  readonly done: number;
  readonly unit: string;
  /** From 0 to 1; undefined where nobody knows the whole. */
  readonly share: number | undefined;
}

interface Output {
  readonly isTTY?: boolean;
  readonly columns?: number;
  write(text: string): unknown;
}

const WIDTH = 24;
/** Milliseconds between two drawings on a terminal, and between two lines in a file. */
const REDRAW_MS = 100;
const LINE_MS = 5_000;

export class ProgressBar {
  private label = '';
  private begunAt = 0;
  private begunWith = 0;
  private drawnAt = -Infinity;
  private isDrawn = false;

  constructor(
    private readonly output: Output,
    /** Milliseconds, from any beginning. */
    private readonly now: () => number = () => performance.now(),
  ) {}

  show(step: Step): void {
    const now = this.now();
    if (step.label !== this.label) {
      this.end();
      [this.label, this.begunAt, this.begunWith, this.drawnAt] = [step.label, now, step.done, -Infinity];
    }
    const isLast = step.share === 1;
    if (!isLast && now - this.drawnAt < (this.output.isTTY ? REDRAW_MS : LINE_MS)) return;
    this.drawnAt = now;
    this.draw(this.text(step, (now - this.begunAt) / 1000));
  }

  /** Leaves the last drawing standing and begins a new line. */
  end(): void {
    if (this.isDrawn && this.output.isTTY) this.output.write('\n');
    this.isDrawn = false;
  }

  private draw(text: string): void {
    this.isDrawn = true;
    if (!this.output.isTTY) return void this.output.write(`${text}\n`);
    const fitting = text.slice(0, (this.output.columns ?? 80) - 1);
    this.output.write(`\r\u001b[K${fitting}`);
  }

  private text({ label, done, unit, share }: Step, seconds: number): string {
    const rate = seconds > 0.5 ? (done - this.begunWith) / seconds : undefined;
    const parts = [`${count(done)} ${unit}`];
    if (rate !== undefined && rate >= 1) parts.push(`${count(Math.round(rate))}/s`);
    if (share !== undefined && share > 0 && share < 1 && seconds > 2)
      parts.push(`${left((seconds / share) * (1 - share))} left`);
    if (share === undefined) return `${label}: ${parts.join(' · ')}`;
    const filled = Math.round(share * WIDTH);
    const bar = '█'.repeat(filled) + '░'.repeat(WIDTH - filled);
    return `${label} ${bar} ${String(Math.floor(share * 100)).padStart(3)} % · ${parts.join(' · ')}`;
  }
}

/** With commas between thousands. */
export function count(value: number): string {
  return value.toLocaleString('en-US');
}

/** "1 file", "2 files": for words whose plural is regular. */
export function counted(value: number, word: string): string {
  return `${count(value)} ${word}${value === 1 ? '' : 's'}`;
}

/** Bytes in units of 1000. */
export function size(bytes: number): string {
  const units = ['bytes', 'kB', 'MB', 'GB', 'TB'];
  const step = bytes < 1000 ? 0 : Math.min(units.length - 1, Math.floor(Math.log10(bytes) / 3));
  const value = bytes / 1000 ** step;
  return `${step === 0 ? value : value.toFixed(1)} ${units[step]}`;
}

function left(seconds: number): string {
  if (seconds < 90) return `${Math.ceil(seconds)} s`;
  return seconds < 5400 ? `${Math.round(seconds / 60)} min` : `${(seconds / 3600).toFixed(1)} h`;
}
