import { applyDecorators, type INestApplication, type Type } from '@nestjs/common';
import { ApiBody, ApiOkResponse, ApiQuery, DocumentBuilder, type OpenAPIObject, SwaggerModule } from '@nestjs/swagger';
import { validationMetadatasToSchemas } from 'class-validator-jsonschema';
import * as protocol from '@palimpsest/protocol';

type Schemas = NonNullable<NonNullable<OpenAPIObject['components']>['schemas']>;

function reference(dto: Type): { $ref: string } {
  return { $ref: `#/components/schemas/${dto.name}` };
}

/** The body's class, for the description. The rules of its fields come from class-validator: they are written once. */
export const Takes = (dto: Type) => applyDecorators(ApiBody({ schema: reference(dto) }));

/** The class of the answer, for the description. */
export const Answers = (dto: Type, options: { list?: boolean } = {}) =>
  applyDecorators(ApiOkResponse({ schema: options.list ? { type: 'array', items: reference(dto) } : reference(dto) }));

/** A query that waits until the read models hold this position. */
export const MayWait = () =>
  applyDecorators(ApiQuery({ name: 'after', required: false, schema: { type: 'string', maxLength: 200 } }));

const PROBLEM = {
  description: 'Refused or failed: what happened, why and what to do.',
  content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/ProblemDto' } } },
};

/** OpenAPI 3 of the whole HTTP API. */
export function describeApi(app: INestApplication, version: string): OpenAPIObject {
  const builder = new DocumentBuilder()
    .setTitle('Palimpsest')
    .setDescription(
      'Commands answer with the position they wrote; a query with `after=<position>` waits for it. Errors are problem+json.',
    )
    .setVersion(version)
    .addBearerAuth()
    .addCookieAuth('palimpsest_session');
  const document = SwaggerModule.createDocument(app, builder.build());
  const classes = Object.values(protocol).filter(
    (value): value is Type => typeof value === 'function' && /Dto$/.test(value.name),
  );
  const wanted = new Set(classes.map((dto) => dto.name));
  const all = validationMetadatasToSchemas({ refPointerPrefix: '#/components/schemas/' }) as Schemas;
  const schemas = Object.fromEntries(Object.entries(all).filter(([name]) => wanted.has(name)));
  document.components = { ...document.components, schemas: { ...document.components?.schemas, ...schemas } };
  for (const path of Object.values(document.paths))
    for (const operation of [path.get, path.post, path.patch, path.put, path.delete])
      if (operation) operation.responses['default'] = PROBLEM;
  return document;
}
