import type { Random } from './random.js';
import { resolve, type Schema, type Schemas } from './schema.js';

/** An operation of the description. */
export interface Operation {
  readonly path: string;
  readonly method: string;
  readonly parameters: readonly Parameter[];
  readonly body: Schema | undefined;
  readonly responses: Readonly<Record<string, Response>>;
}

export interface Parameter {
  readonly name: string;
  readonly in: string;
  readonly required?: boolean;
  readonly schema: Schema;
}

export interface Response {
  readonly content?: Readonly<Record<string, { readonly schema: Schema }>>;
}

/** A request to be tried. */
export interface Trial {
  readonly method: string;
  readonly path: string;
  /** Text of the body; undefined: none. */
  readonly body: string | undefined;
  readonly headers: Readonly<Record<string, string>>;
  /** Another method than those of the path. */
  readonly wrongMethod: boolean;
}

/** Ids of things that exist, of whatever kind, and other strings that have been seen in answers. */
export interface Known {
  readonly ids: readonly string[];
  /** Ids that fit a field or a part of a path of this name. */
  readonly idsOf: Readonly<Record<string, readonly string[]>>;
  readonly words: readonly string[];
}

const METHODS = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'];

/** What has broken servers before. */
const NASTY: readonly string[] = [
  '',
  ' ',
  '\u0000',
  'a\u0000b',
  '\ud800',
  '\udfff\ud800',
  '👩‍🚀'.repeat(40),
  '\u202e\u200b\ufeff',
  "'; drop table es.event; --",
  '%00',
  '%',
  '../../etc/passwd',
  '__proto__',
  'constructor',
  '-1',
  '1e309',
  '9'.repeat(40),
  'null',
  '{}',
  '2026-02-30',
  '+275760-09-14T00:00:00Z',
  'x'.repeat(5_000),
];

/** Makes requests of one operation: as described, and wrong in one way or several. */
export class Requests {
  constructor(
    private readonly random: Random,
    private readonly schemas: Schemas,
    private readonly known: Known,
  ) {}

  of(operation: Operation): Trial {
    const wrongMethod = this.random.chance(0.06);
    const methods = METHODS.filter((method) => method !== operation.method.toUpperCase());
    const headers: Record<string, string> = {};
    const keyed = operation.parameters.some(({ name }) => name === 'Idempotency-Key');
    if (keyed && this.random.chance(0.3))
      headers['idempotency-key'] = this.random.pick(['k1', 'k2', 'é', 'x'.repeat(201)]);
    if (this.random.chance(0.05)) headers['accept'] = 'text/html';
    if (this.random.chance(0.05)) headers['if-none-match'] = '*';
    const body = this.#body(operation, headers);
    return {
      method: wrongMethod ? this.random.pick(methods) : operation.method.toUpperCase(),
      path: this.#path(operation) + this.#query(operation),
      body,
      headers,
      wrongMethod,
    };
  }

  #path(operation: Operation): string {
    return operation.path.replace(/\{(\w+)\}/g, (_, name: string) => {
      const schema = operation.parameters.find((one) => one.in === 'path' && one.name === name)?.schema ?? {};
      const value = this.random.chance(0.8) ? this.#valid(schema, name) : this.random.pick(NASTY);
      return escape(String(value)) || '%20';
    });
  }

  #query(operation: Operation): string {
    const parts = operation.parameters
      .filter((one) => one.in === 'query' && (one.required || this.random.chance(0.4)))
      .map(({ name, schema }) => {
        const value = this.random.chance(0.6) ? this.#valid(schema, name) : this.#invalid(schema);
        return `${name}=${escape(typeof value === 'string' ? value : JSON.stringify(value))}`;
      });
    if (this.random.chance(0.05)) parts.push('unknown=1');
    if (parts[0] !== undefined && this.random.chance(0.05)) parts.push(parts[0]); // twice: a list
    return parts.length > 0 ? `?${parts.join('&')}` : '';
  }

  #body(operation: Operation, headers: Record<string, string>): string | undefined {
    if (!operation.body) return undefined;
    headers['content-type'] = 'application/json';
    const kind = this.random.next();
    if (kind < 0.04) return undefined;
    if (kind < 0.08)
      return this.random.pick(['{', 'nothing', '{"a":1,}', '\ufeff', '[]', '"text"', '1', 'null', 'true']);
    if (kind < 0.11)
      headers['content-type'] = this.random.pick(['text/plain', 'application/xml', 'multipart/form-data', '']);
    if (kind < 0.13) headers['content-type'] = 'application/json; charset=klingon';
    if (kind < 0.15) headers['content-encoding'] = 'gzip'; // which it is not
    if (kind < 0.16) return JSON.stringify({ text: 'x'.repeat(8_500_000) });
    const valid = this.#valid(operation.body, '') as Record<string, unknown>;
    return JSON.stringify(this.random.chance(0.5) ? valid : this.#spoil(valid, operation.body));
  }

  /** One thing wrong with an object. */
  #spoil(value: Record<string, unknown>, given: Schema): unknown {
    const { properties = {} } = resolve(given, this.schemas);
    const name = this.random.pick(Object.keys(properties));
    switch (this.random.below(4)) {
      case 0: {
        const { [name]: _, ...rest } = value;
        return rest;
      }
      case 1:
        return { ...value, [this.random.pick(['extra', '__proto__x', 'constructor', 'id', ''])]: 1 };
      default:
        return { ...value, [name]: this.#invalid(resolve(properties[name] ?? {}, this.schemas)) };
    }
  }

  #valid(given: Schema, name: string): unknown {
    const schema = resolve(given, this.schemas);
    const { enum: values, format, pattern, type } = schema;
    if (values) return this.random.pick(values);
    const fitting = this.known.idsOf[name];
    if (format === 'uuid' && fitting && this.random.chance(0.75)) return this.random.pick(fitting);
    if (format === 'uuid')
      return this.random.chance(0.9)
        ? this.random.pick(this.known.ids)
        : '0'.repeat(8) + '-0000-4000-8000-' + '0'.repeat(12);
    if (format?.startsWith('date'))
      return this.random.pick(['2026-01-01', '2026-11-26T08:00:00Z', '2999-12-31T23:59:59.999999+14:00']);
    if (pattern !== undefined) return this.#matching(pattern);
    switch (type) {
      case 'string':
        return this.#text(schema, name);
      case 'integer':
      case 'number':
        return this.random.pick([
          schema.minimum ?? 0,
          schema.maximum ?? 100,
          Math.ceil(((schema.minimum ?? 0) + (schema.maximum ?? 100)) / 2),
        ]);
      case 'boolean':
        return this.random.chance(0.5);
      case 'array':
        return Array.from({ length: this.random.below(3) }, () => this.#valid(schema.items ?? {}, name));
      case 'object':
        return Object.fromEntries(
          Object.entries(schema.properties ?? {})
            .filter(([field]) => schema.required?.includes(field) || this.random.chance(0.5))
            .map(([field, property]) => [field, this.#valid(property, field)]),
        );
      default:
        return {};
    }
  }

  #text({ minLength = 0, maxLength = 1_000 }: Schema, name: string): string {
    const length = this.random.pick([minLength, maxLength, Math.min(maxLength, minLength + this.random.below(30))]);
    if (this.random.chance(0.4)) return this.random.pick(this.known.words).slice(0, maxLength).padEnd(minLength, 'x');
    const alphabet = this.random.pick(['abc', 'äé👩', 'a/b', '.py', '\u0000\ud800x']);
    return alphabet.repeat(Math.ceil(length / alphabet.length)).slice(0, length) || `${name}`.slice(0, maxLength);
  }

  #matching(pattern: string): string {
    const expression = new RegExp(pattern, 'u');
    const words = [
      'a',
      '1',
      '17',
      '123456789012345678',
      'File*',
      'RunRequested',
      'subprocess',
      'os.system',
      '0f'.repeat(32),
      'bm8',
      'MTIzIGFiYw',
      '2026-11-26',
      '2026-11-26T10:00:00Z',
      '2999-12-31T23:59+14:00',
      ...this.known.words,
      ...this.known.ids,
    ];
    const fitting = words.filter((word) => expression.test(word));
    return fitting.length > 0 ? this.random.pick(fitting) : this.random.pick(words);
  }

  #invalid({ type, minLength, maxLength, minimum, maximum }: Schema): unknown {
    const others = [null, 0, -1, 1.5, 1e300, true, [], {}, [[]], { $ne: 1 }, ...NASTY];
    const edges = [
      ...(maxLength === undefined ? [] : ['x'.repeat(Math.min(maxLength + 1, 2_000_000))]),
      ...(minLength ? ['x'.repeat(minLength - 1)] : []),
      ...(minimum === undefined ? [] : [minimum - 1]),
      ...(maximum === undefined ? [] : [maximum + 1]),
    ];
    if (edges.length > 0 && this.random.chance(0.5)) return this.random.pick(edges);
    return this.random.pick(type === 'string' ? others : [...others, 'text']);
  }
}

/** As in an address; lone surrogates have no encoding there. */
function escape(text: string): string {
  return encodeURIComponent(text.replace(/\p{Surrogate}/gu, '\ufffd'));
}
