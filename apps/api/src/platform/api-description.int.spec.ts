import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { RequestMethod } from '@nestjs/common';
import { METHOD_METADATA, PATH_METADATA, ROUTE_ARGS_METADATA } from '@nestjs/common/constants.js';
import { RouteParamtypes } from '@nestjs/common/enums/route-paramtypes.enum.js';
import { ModulesContainer } from '@nestjs/core';
import type { OpenAPIObject } from '@nestjs/swagger';
import { ACCESS } from '../policies/access.js';
import { isAction } from '../policies/permission-table.js';
import { mismatches, type Schema, type Schemas } from '../testing/api-fuzz/schema.js';
import { TestApi } from '../testing/test-api.js';
import { PathPart } from './validation.js';

interface Route {
  readonly name: string;
  readonly method: string;
  readonly path: string;
  readonly parts: readonly Part[];
  readonly access: string | undefined;
}

/** Something that a handler is given of a request. */
interface Part {
  readonly kind: RouteParamtypes;
  readonly name: string | undefined;
  readonly pipes: readonly unknown[];
  /** Class of the parameter, as the compiler has written it down. */
  readonly type: { readonly name: string } | undefined;
}

/** Of a body or an answer. */
interface Content {
  readonly content?: Readonly<Record<string, Described>>;
}

interface Described {
  readonly schema?: Schema;
  readonly example?: unknown;
  readonly examples?: Readonly<Record<string, { readonly value: unknown }>>;
}

describe('every route', () => {
  let api: TestApi;
  let routes: Route[];
  let description: OpenAPIObject;

  beforeAll(async () => {
    api = await TestApi.start();
    routes = routesOf(api.app.get(ModulesContainer));
    description = (await api.call<OpenAPIObject>('GET', '/api/openapi.json')).body;
  });
  afterAll(() => api.stop());

  const operationOf = ({ path, method }: Route) => {
    const item = description.paths[path.replace(/:(\w+)/g, '{$1}')];
    return item?.[method as 'get'];
  };
  const parameters = (route: Route, where: string) =>
    ((operationOf(route)?.parameters ?? []) as { in?: string; name?: string; schema?: object }[]).filter(
      (one) => one.in === where && one.schema !== undefined && Object.keys(one.schema).length > 1,
    );

  it('is described, with the errors that it can give', () => {
    expect(routes.length).toBeGreaterThan(15);
    for (const route of routes) {
      const statuses = Object.keys(operationOf(route)?.responses ?? {});
      expect([route.name, ...['401', '403', '429', '500', '503'].filter((one) => !statuses.includes(one))]).toEqual([
        route.name,
      ]);
      expect([route.name, statuses.some((status) => /^[23]/.test(status))]).toEqual([route.name, true]);
    }
  });

  it('has examples of its body and of its errors that are as described', () => {
    const schemas = (description.components?.schemas ?? {}) as Schemas;
    let examples = 0;
    for (const route of routes) {
      const operation = operationOf(route);
      const taken = (operation?.requestBody as Content | undefined)?.content ?? {};
      const content = taken['application/json'];
      const bodies = Object.values(content?.examples ?? {}).map(({ value }) => value);
      expect([route.name, bodies.length > 0]).toEqual([route.name, content !== undefined]);
      // What is no JSON is the bytes of a file.
      const others = Object.keys(taken).filter((type) => type !== 'application/json');
      expect([route.name, others.filter((type) => type !== 'application/octet-stream')]).toEqual([route.name, []]);

      for (const body of bodies) expect(mismatches(body, content?.schema ?? {}, schemas)).toEqual([]);
      for (const answer of Object.values(operation?.responses ?? {}) as Content[]) {
        const problem = answer.content?.['application/problem+json'];
        if (!problem) continue;
        expect(mismatches(problem.example, problem.schema ?? {}, schemas)).toEqual([]);
        examples += 1;
      }
    }
    expect(examples).toBeGreaterThan(100);
  });

  it('checks its body and its query by a described class', () => {
    const loose = routes.flatMap((route) =>
      route.parts
        .filter(({ kind }) => kind === RouteParamtypes.BODY || kind === RouteParamtypes.QUERY)
        .filter(({ type, name }) => name !== undefined || !hasRules(type?.name, route))
        .map(({ kind }) => `${route.name}: ${RouteParamtypes[kind]}`),
    );
    expect(loose).toEqual([]);
  });

  function hasRules(type: string | undefined, route: Route): boolean {
    const operation = operationOf(route);
    const isBody = JSON.stringify(operation?.requestBody ?? {}).includes(`/${type}"`);
    const isQuery = parameters(route, 'query').length > 0 || parametersWithRules(route);
    return type !== undefined && /Dto$/.test(type) && (isBody || isQuery);
  }
  const parametersWithRules = (route: Route) =>
    ((operationOf(route)?.parameters ?? []) as { in?: string }[]).some((one) => one.in === 'query');

  it('has an access rule that the table knows: what has none would be open to whoever is signed in', () => {
    expect(routes.filter(({ access }) => access === undefined || !isAction(access)).map(({ name }) => name)).toEqual(
      [],
    );
    expect(routes.filter(({ access }) => access === 'open').map(({ name }) => name)).toEqual([
      'POST /api/auth/sign-in',
      'GET /api/health',
      'POST /api/invitations/look',
      'POST /api/invitations/accept',
      'GET /api/auth/ways',
      'GET /api/auth/openid/start',
      'GET /api/auth/openid/callback',
    ]);
  });

  it('checks every part of its path', () => {
    const loose = routes.flatMap((route) => {
      const names = [...route.path.matchAll(/:(\w+)/g)].map(([, name]) => name);
      const checked = route.parts
        .filter(({ kind, pipes }) => kind === RouteParamtypes.PARAM && pipes.some((pipe) => pipe instanceof PathPart))
        .map(({ name }) => name);
      const described = parameters(route, 'path').map(({ name }) => name);
      return names
        .filter((name) => !checked.includes(name) || !described.includes(name))
        .map((name) => `${route.name}: ${name}`);
    });
    expect(loose).toEqual([]);
  });
});

function routesOf(modules: ModulesContainer): Route[] {
  const controllers = [...modules.values()]
    .flatMap((one) => [...one.controllers.values()])
    .map(({ metatype }) => metatype);
  return controllers.flatMap((controller) => {
    if (typeof controller !== 'function') return [];
    const base = String(Reflect.getMetadata(PATH_METADATA, controller));
    const prototype = controller.prototype as Record<string, unknown>;
    return Object.getOwnPropertyNames(prototype).flatMap((key) => {
      const handler = prototype[key] as object;
      const method = Reflect.getMetadata(METHOD_METADATA, handler) as RequestMethod | undefined;
      if (key === 'constructor' || method === undefined) return [];
      const own = String(Reflect.getMetadata(PATH_METADATA, handler));
      const path = `/${[base, own]
        .map((part) => part.replace(/^\/|\/$/g, ''))
        .filter(Boolean)
        .join('/')}`;
      return [
        {
          name: `${RequestMethod[method]} ${path}`,
          method: RequestMethod[method].toLowerCase(),
          path,
          access: Reflect.getMetadata(ACCESS, handler) as string | undefined,
          parts: partsOf(controller, prototype, key),
        },
      ];
    });
  });
}

function partsOf(controller: object, prototype: object, key: string): Part[] {
  const types = (Reflect.getMetadata('design:paramtypes', prototype, key) ?? []) as { name: string }[];
  const found = (Reflect.getMetadata(ROUTE_ARGS_METADATA, controller, key) ?? {}) as Record<
    string,
    { index: number; data?: unknown; pipes?: unknown[] }
  >;
  return Object.entries(found).map(([id, { index, data, pipes = [] }]) => ({
    kind: Number(id.split(':')[0]) as RouteParamtypes,
    name: typeof data === 'string' ? data : undefined,
    pipes,
    type: types[index],
  }));
}
