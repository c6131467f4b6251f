/** The part of OpenAPI 3.0's schemas that the description uses, and whether a value is what one says. */
export interface Schema {
  readonly $ref?: string;
  readonly type?: string;
  readonly nullable?: boolean;
  readonly enum?: readonly unknown[];
  readonly format?: string;
  readonly pattern?: string;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly items?: Schema;
  readonly maxItems?: number;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: boolean | Schema;
  readonly allOf?: readonly Schema[];
  readonly oneOf?: readonly Schema[];
  readonly anyOf?: readonly Schema[];
  readonly description?: string;
}

export type Schemas = Readonly<Record<string, Schema>>;

export function resolve(schema: Schema, schemas: Schemas): Schema {
  const name = /^#\/components\/schemas\/(\w+)$/.exec(schema.$ref ?? '')?.[1];
  if (schema.$ref === undefined) return schema;
  const found = name === undefined ? undefined : schemas[name];
  if (!found) throw new Error(`the description has no ${schema.$ref}`);
  return found;
}

/** What is wrong with `value`, each with its place; empty when it is as described. */
export function mismatches(value: unknown, given: Schema, schemas: Schemas, at = '$'): string[] {
  const schema = resolve(given, schemas);
  if (value === null) return schema.nullable || given.nullable ? [] : [`${at} is null`];
  for (const part of schema.allOf ?? []) {
    const wrong = mismatches(value, part, schemas, at);
    if (wrong.length > 0) return wrong;
  }
  if (schema.enum && !schema.enum.includes(value)) return [`${at} is ${JSON.stringify(value)}, not one of the values`];
  switch (schema.type) {
    case 'string':
      return typeof value === 'string' ? stringMismatches(value, schema, at) : [`${at} is no string`];
    case 'integer':
    case 'number':
      return numberMismatches(value, schema, at);
    case 'boolean':
      return typeof value === 'boolean' ? [] : [`${at} is no boolean`];
    case 'array':
      return arrayMismatches(value, schema, schemas, at);
    case 'object':
      return objectMismatches(value, schema, schemas, at);
    default:
      return [];
  }
}

const FORMATS: Readonly<Record<string, RegExp>> = {
  uuid: /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/,
  date: /^\d{4}-\d{2}-\d{2}/,
  'date-time': /^\d{4}-\d{2}-\d{2}T/,
};

function stringMismatches(value: string, schema: Schema, at: string): string[] {
  const { minLength = 0, maxLength = Infinity, pattern, format = '' } = schema;
  if (value.length < minLength || value.length > maxLength) return [`${at} has ${value.length} characters`];
  if (pattern !== undefined && !new RegExp(pattern, 'u').test(value)) return [`${at} does not match ${pattern}`];
  return FORMATS[format]?.test(value) === false ? [`${at} is no ${format}: ${value.slice(0, 60)}`] : [];
}

function numberMismatches(value: unknown, { type, minimum = -Infinity, maximum = Infinity }: Schema, at: string) {
  if (typeof value !== 'number' || (type === 'integer' && !Number.isInteger(value))) return [`${at} is no ${type}`];
  return value < minimum || value > maximum ? [`${at} is out of bounds`] : [];
}

function arrayMismatches(value: unknown, schema: Schema, schemas: Schemas, at: string): string[] {
  if (!Array.isArray(value)) return [`${at} is no list`];
  if (value.length > (schema.maxItems ?? Infinity)) return [`${at} has ${value.length} items`];
  return value.flatMap((item, n) => mismatches(item, schema.items ?? {}, schemas, `${at}[${n}]`));
}

function objectMismatches(value: unknown, schema: Schema, schemas: Schemas, at: string): string[] {
  if (typeof value !== 'object' || Array.isArray(value)) return [`${at} is no object`];
  const { properties = {}, required = [], additionalProperties } = schema;
  const fields = value as Record<string, unknown>;
  const missing = required.filter((name) => !(name in fields)).map((name) => `${at}.${name} is missing`);
  const unknown =
    additionalProperties === false
      ? Object.keys(fields)
          .filter((name) => !(name in properties))
          .map((name) => `${at}.${name} is not described`)
      : [];
  const wrong = Object.entries(properties).flatMap(([name, property]) =>
    name in fields ? mismatches(fields[name], property, schemas, `${at}.${name}`) : [],
  );
  return [...missing, ...unknown, ...wrong];
}
