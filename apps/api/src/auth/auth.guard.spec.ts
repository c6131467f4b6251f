import { describe, expect, it } from '@jest/globals';
import type { ExecutionContext } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import { Access } from '../policies/access.js';
import { AuthGuard, Public } from './auth.guard.js';
import type { Sessions } from './sessions.js';

class Routes {
  @Public()
  @Access('open')
  ruled(): void {}

  @Public()
  forgotten(): void {}

  @Access('self')
  own(): void {}
}

const nobody = { principal: () => Promise.resolve(undefined) } as unknown as Sessions;

function asked(handler: keyof Routes): Promise<boolean> {
  const context = {
    getHandler: () => Routes.prototype[handler],
    getClass: () => Routes,
    switchToHttp: () => ({ getRequest: () => ({ method: 'GET', headers: {} }) }),
  };
  return new AuthGuard(new Reflector(), nobody).canActivate(context as unknown as ExecutionContext);
}

describe('the guard of the HTTP API', () => {
  it('lets everybody in where a rule says so', async () => {
    await expect(asked('ruled')).resolves.toBe(true);
  });

  it('refuses a route without a rule, be it public', async () => {
    await expect(asked('forgotten')).rejects.toMatchObject({ status: 403 });
  });

  it('refuses whoever has no session', async () => {
    await expect(asked('own')).rejects.toMatchObject({ status: 401 });
  });
});
