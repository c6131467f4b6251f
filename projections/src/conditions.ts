/** Conditions of a query that all have to hold, with their values numbered as they are added. */
export class Conditions {
  readonly values: unknown[] = [];
  readonly #parts: string[] = [];

  /** `part` gets a placeholder for each of `values`. */
  add(part: (...placeholders: string[]) => string, ...values: unknown[]): this {
    this.#parts.push(part(...values.map((value) => `$${this.values.push(value)}`)));
    return this;
  }

  get text(): string {
    return this.#parts.join(' and ');
  }
}
