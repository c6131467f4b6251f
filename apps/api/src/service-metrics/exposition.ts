/**
 * Metrics of this process and their text form, version 0.0.4 of the exposition format of Prometheus
 * (prometheus.io/docs/instrumenting/exposition_formats). Label values come from sets that are fixed when a family is made: what
 * is not in the set is `other`. So there is a bounded number of series whatever is asked of the server, and no value of a
 * person's can become one.
 */

/** For each label the values that it can have beside `other`: a list, or a rule where the code itself makes the values. */
export type Labels = Readonly<Record<string, { includes(value: string): boolean }>>;
export type LabelValues<L extends Labels> = { readonly [Name in keyof L]: string };

export const CONTENT_TYPE = 'text/plain; version=0.0.4; charset=utf-8';

const OTHER = 'other';

/** What is written of a family, with its name. */
export interface Family {
  readonly name: string;
  readonly help: string;
  readonly type: 'counter' | 'gauge' | 'histogram';
  lines(): string[];
}

function labelText(values: readonly (readonly [name: string, value: string])[]): string {
  if (values.length === 0) return '';
  const escaped = (value: string) => value.replace(/\\/g, '\\\\').replace(/\n/g, '\\n').replace(/"/g, '\\"');
  return `{${values.map(([name, value]) => `${name}="${escaped(value)}"`).join(',')}}`;
}

/** The series of a family by their labels. */
class Series<L extends Labels, State> {
  readonly #byLabels = new Map<string, { readonly labels: readonly (readonly [string, string])[]; state: State }>();

  constructor(
    private readonly known: L,
    private readonly fresh: () => State,
  ) {
    // A family without labels is there from the start, as zero.
    if (Object.keys(known).length === 0) this.of({} as LabelValues<L>);
  }

  of(values: LabelValues<L>): State {
    const labels = Object.entries(this.known).map(([name, set]) => {
      const value = values[name] ?? OTHER;
      return [name, set.includes(value) ? value : OTHER] as const;
    });
    const key = labels.map(([, value]) => value).join('\u0000');
    const there = this.#byLabels.get(key) ?? { labels, state: this.fresh() };
    this.#byLabels.set(key, there);
    return there.state;
  }

  get all() {
    return [...this.#byLabels.values()];
  }
}

/** Only grows. */
export class Counter<L extends Labels> implements Family {
  readonly type = 'counter';
  readonly #series: Series<L, { value: number }>;

  constructor(
    readonly name: string,
    readonly help: string,
    labels: L,
  ) {
    this.#series = new Series(labels, () => ({ value: 0 }));
  }

  add(values: LabelValues<L>, by = 1): void {
    this.#series.of(values).value += by;
  }

  lines(): string[] {
    return this.#series.all.map(({ labels, state }) => `${this.name}${labelText(labels)} ${state.value}`);
  }
}

interface Buckets {
  readonly counts: number[];
  sum: number;
  count: number;
}

/** How often values fell below each bound; seconds. */
export class Histogram<L extends Labels> implements Family {
  readonly type = 'histogram';
  readonly #series: Series<L, Buckets>;

  constructor(
    readonly name: string,
    readonly help: string,
    labels: L,
    private readonly bounds: readonly number[],
  ) {
    this.#series = new Series(labels, () => ({ counts: bounds.map(() => 0), sum: 0, count: 0 }));
  }

  observe(values: LabelValues<L>, seconds: number): void {
    const buckets = this.#series.of(values);
    const place = this.bounds.findIndex((bound) => seconds <= bound);
    if (place >= 0) buckets.counts[place] = (buckets.counts[place] ?? 0) + 1;
    buckets.sum += seconds;
    buckets.count += 1;
  }

  /**
   * About the value below which `share` of all lie, over all labels: interpolated in its bucket, as histogram_quantile of
   * Prometheus does, and the largest bound where it lies above that. Undefined if there are none.
   */
  quantile(share: number): number | undefined {
    const all = this.#series.all.map(({ state }) => state);
    const rank = share * all.reduce((sum, { count }) => sum + count, 0);
    if (rank === 0) return undefined;
    let below = 0;
    for (const [n, bound] of this.bounds.entries()) {
      const here = all.reduce((sum, { counts }) => sum + (counts[n] ?? 0), 0);
      const lower = this.bounds[n - 1] ?? 0;
      if (below + here >= rank) return lower + ((bound - lower) * (rank - below)) / here;
      below += here;
    }
    return this.bounds.at(-1);
  }

  get count(): number {
    return this.#series.all.reduce((sum, { state }) => sum + state.count, 0);
  }

  lines(): string[] {
    return this.#series.all.flatMap(({ labels, state }) => {
      let sum = 0;
      const buckets = this.bounds.map((bound, n) => {
        sum += state.counts[n] ?? 0;
        return `${this.name}_bucket${labelText([...labels, ['le', String(bound)]])} ${sum}`;
      });
      return [
        ...buckets,
        `${this.name}_bucket${labelText([...labels, ['le', '+Inf']])} ${state.count}`,
        `${this.name}_sum${labelText(labels)} ${state.sum}`,
        `${this.name}_count${labelText(labels)} ${state.count}`,
      ];
    });
  }
}

/** What is looked at when it is asked for. `label`: its name and, for each of its values, the measured one. */
export function gauge(
  name: string,
  help: string,
  measured: number | undefined | readonly [label: string, values: Readonly<Record<string, number | undefined>>],
  type: 'gauge' | 'counter' = 'gauge',
): Family {
  const lines = () => {
    if (measured === undefined) return [];
    if (typeof measured === 'number') return [`${name} ${measured}`];
    const [label, values] = measured;
    return Object.entries(values).flatMap(([value, number]) =>
      number === undefined ? [] : [`${name}${labelText([[label, value]])} ${number}`],
    );
  };
  return { name, help, type, lines };
}

/** All of it. A family of which there is nothing to say is left out. */
export function exposition(families: readonly Family[]): string {
  return families
    .flatMap((family) => {
      const { name, help, type } = family;
      const said = family.lines();
      return said.length === 0 ? [] : [`# HELP ${name} ${help}`, `# TYPE ${name} ${type}`, ...said];
    })
    .map((line) => `${line}\n`)
    .join('');
}
