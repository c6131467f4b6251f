/** Files that the first line of a message names; of more it says how many. */
const NAMED = 3;

/** What was done to a workspace since its last commit. */
export class Pending {
  /** Who edited, with the time of the last edit, milliseconds since 1970. The last to edit is the last. */
  readonly editors = new Map<string, number>();
  readonly #paths = new Set<string>();
  readonly #operations: string[] = [];

  get isEmpty(): boolean {
    return this.editors.size === 0;
  }

  /** Of the last edit. */
  get at(): number {
    return [...this.editors.values()].at(-1) ?? 0;
  }

  edited(who: string, at: number, path: string | undefined): void {
    this.#by(who, at);
    if (path !== undefined) this.#paths.add(path);
  }

  changed(who: string, at: number, operation: string): void {
    this.#by(who, at);
    this.#operations.push(operation);
  }

  /** In words, as the body of a message; empty where files were only edited. */
  get operations(): string {
    return this.#operations.join('\n');
  }

  /** In one line. */
  get summary(): string {
    const paths = [...this.#paths];
    if (paths.length === 0) return this.#operations.length === 1 ? (this.#operations[0] ?? '') : 'Change files';
    return paths.length <= NAMED ? `Edit ${paths.join(', ')}` : `Edit ${paths.length} files`;
  }

  #by(who: string, at: number): void {
    this.editors.delete(who);
    this.editors.set(who, at);
  }
}
