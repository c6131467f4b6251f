import {
  applyDecorators,
  type CanActivate,
  type ExecutionContext,
  type INestApplication,
  Injectable,
  Param,
  type Type,
  UseGuards,
} from '@nestjs/common';
import {
  ApiBody,
  ApiParam,
  ApiQuery,
  ApiResponse,
  DocumentBuilder,
  type OpenAPIObject,
  SwaggerModule,
} from '@nestjs/swagger';
import { ID_PATTERN } from '@palimpsest/domain';
import * as protocol from '@palimpsest/protocol';
// Its own typing has no file for this one.
// @ts-expect-error -- no declaration
import { defaultMetadataStorage } from 'class-transformer/cjs/storage.js';
import { validationMetadatasToSchemas } from 'class-validator-jsonschema';
import type { Request } from 'express';
import { problemOfStatus } from './problem.filter.js';
import { Problem } from './problem.js';
import { PathPart } from './validation.js';

type Schemas = NonNullable<NonNullable<OpenAPIObject['components']>['schemas']>;
type Schema = Exclude<Schemas[string], { $ref: string }>;
type Operation = NonNullable<OpenAPIObject['paths'][string]['get']>;

function reference(dto: Type): { $ref: string } {
  return { $ref: `#/components/schemas/${dto.name}` };
}

/** Refuses a body of another type than JSON: unread, it would look as if there were none. */
@Injectable()
class JsonBody implements CanActivate {
  canActivate(context: ExecutionContext): boolean {
    const request = context.switchToHttp().getRequest<Request>();
    const { 'content-length': length, 'transfer-encoding': encoding } = request.headers;
    const isEmpty = encoding === undefined && (length === undefined || length === '0');
    if (isEmpty || request.is('application/json')) return true;
    throw new Problem(
      415,
      'unsupported-media-type',
      'A body is taken here as application/json only: say so in Content-Type.',
    );
  }
}

/** The body's class and an example. The rules of its fields come from class-validator: they are written once. JSON only. */
export const Takes = <Dto extends object>(dto: Type<Dto>, example: Dto) =>
  applyDecorators(
    ApiBody({ schema: reference(dto), required: true, examples: { usual: { value: example } } }),
    UseGuards(JsonBody),
  );

/** The class of the answer, and its status. `mayBeMissing`: the query names something that may not be there. */
export const Answers = (dto: Type, options: { list?: boolean; status?: number; mayBeMissing?: boolean } = {}) =>
  applyDecorators(
    ...(options.mayBeMissing ? [ApiResponse({ status: 404, ...problemAnswer(404, MISSING) })] : []),
    ApiResponse({
      status: options.status ?? 200,
      description: '',
      schema: options.list ? { type: 'array', items: reference(dto) } : reference(dto),
    }),
  );

/** The class of the query: each of its fields is a parameter. */
export function Asks(dto: Type): MethodDecorator {
  const { properties = {}, required = [] } = schemas()[dto.name] as Schema;
  return applyDecorators(
    ...Object.entries(properties).map(([name, schema]) => {
      const { nullable: _, ...rest } = schema as Schema;
      return ApiQuery({ name, required: required.includes(name), schema: rest as never });
    }),
  );
}

function pathPart(name: string, pattern: RegExp, schema: Schema): ParameterDecorator {
  return (target, key, index) => {
    if (key === undefined) return;
    Param(name, new PathPart(name, pattern))(target, key, index);
    const method = Object.getOwnPropertyDescriptor(target, key) as PropertyDescriptor;
    ApiParam({ name, schema: schema as never })(target, key, method);
  };
}

/** An id in the path, described and checked. */
export const PathId = (name: string) =>
  pathPart(name, ID_PATTERN, { type: 'string', format: 'uuid', pattern: ID_PATTERN.source });

/** Another part of the path, described by a pattern and checked against it. */
export const PathText = (name: string, pattern: RegExp) =>
  pathPart(name, pattern, { type: 'string', pattern: pattern.source });

/** Both of these are the client's: `IsOptional` lets null pass as well as nothing. */
const OPTIONAL = { conditionalValidation: { nullable: true } };

let known: Schemas | undefined;

/** Of all classes of the protocol, which are there once it is loaded. Not to be changed. */
function schemas(): Schemas {
  return (known ??= validationMetadatasToSchemas({
    refPointerPrefix: '#/components/schemas/',
    additionalConverters: OPTIONAL as never,
    // Where the classes of lists and objects inside are written down.
    classTransformerMetadataStorage: defaultMetadataStorage,
  }) as Schemas);
}

function problemAnswer(status: number, description: string) {
  const example = problemOfStatus(status, description);
  return {
    description,
    content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/ProblemDto' }, example } },
  };
}

const MISSING = 'Not there, or not to be seen.';

/** Which errors an operation can give, by what it takes. */
function errorsOf(operation: Operation, method: string): Readonly<Record<string, string>> {
  const parameters = (operation.parameters ?? []) as { in?: string }[];
  const takesPath = parameters.some((parameter) => parameter.in === 'path');
  const changes = method !== 'get';
  return {
    ...((operation.requestBody || parameters.some((one) => one.in === 'query') || changes) && {
      400: 'The request is not as described; `fields` lists what is wrong.',
    }),
    401: 'Not signed in.',
    403: 'Not allowed.',
    ...((takesPath || changes) && { 404: MISSING }),
    ...(changes && { 409: 'In conflict with what is there, or the same request is under way.' }),
    ...(changes && { 413: 'Too large.' }),
    ...(operation.requestBody && { 415: 'The body is not JSON.' }),
    ...(changes && { 422: 'Refused by the rules, or an Idempotency-Key was used for another request.' }),
    429: 'A limit is reached; `limit` says which and when it is free.',
    500: 'A fault of the server; `instance` is its number in the log.',
    503: 'Not possible just now: try again.',
  };
}

const IDEMPOTENCY_KEY = {
  name: 'Idempotency-Key',
  in: 'header',
  required: false,
  description: 'The same key with the same request is carried out once; its first answer is given again for 24 hours.',
  schema: { type: 'string', pattern: '^[\\x21-\\x7e]{1,200}$' },
} as const;

/** A body or an answer of an operation: nothing in it that is not described. */
function closed(schema: Schemas[string]): Schemas[string] {
  return 'type' in schema && schema.type === 'object' ? { ...schema, additionalProperties: false } : schema;
}

/** OpenAPI 3 of the whole HTTP API: every route, every answer, errors included. */
export function describeApi(app: INestApplication, version: string): OpenAPIObject {
  const builder = new DocumentBuilder()
    .setTitle('Palimpsest')
    .setDescription(
      'Commands answer with the position they wrote; a query with `after=<position>` waits for it. Errors are problem+json. Longer lists come in pages: `limit`, and the next one by the header `Link` or by `next`.',
    )
    .setVersion(version)
    .addBearerAuth()
    .addCookieAuth('palimpsest_session')
    .addSecurityRequirements('bearer')
    .addSecurityRequirements('cookie');
  const document = SwaggerModule.createDocument(app, builder.build());
  const classes = Object.values(protocol).filter(
    (value): value is Type => typeof value === 'function' && /Dto$/.test(value.name),
  );
  const wanted = new Set(classes.map((dto) => dto.name));
  const described = Object.entries(schemas()).filter(([name]) => wanted.has(name));
  const components = Object.fromEntries(described.map(([name, schema]) => [name, closed(schema)]));
  document.components = { ...document.components, schemas: { ...document.components?.schemas, ...components } };
  for (const path of Object.values(document.paths))
    for (const method of ['get', 'post', 'patch', 'put', 'delete'] as const)
      if (path[method]) complete(path[method], method);
  return document;
}

function complete(operation: Operation, method: string): void {
  for (const [status, description] of Object.entries(errorsOf(operation, method)))
    operation.responses[status] ??= problemAnswer(Number(status), description);
  for (const answer of Object.values(operation.responses))
    if (answer && 'description' in answer) answer.description ||= 'Done.';
  if (method !== 'get') (operation.parameters ??= []).push(IDEMPOTENCY_KEY);
}

/** Which methods the described paths take. */
export function methodsByPath(document: OpenAPIObject): (path: string) => readonly string[] {
  const routes = Object.entries(document.paths).map(([path, operations]) => ({
    pattern: new RegExp(`^${path.replace(/[.*+?^$()|[\]\\]/g, '\\$&').replace(/\{\w+\}/g, '[^/]+')}/?$`),
    methods: Object.keys(operations).map((method) => method.toUpperCase()),
  }));
  return (path) => [...new Set(routes.filter(({ pattern }) => pattern.test(path)).flatMap(({ methods }) => methods))];
}
