import { Global, Module } from '@nestjs/common';
import { APP_INTERCEPTOR } from '@nestjs/core';
import { IdempotencyInterceptor } from '../commands/idempotency.interceptor.js';
import { IdempotencyKeys } from '../commands/idempotency-keys.js';
import { LimitRecords } from './limit-records.js';
import { RateLimits } from './rate-limits.js';
import { RequestLimits } from './request-limits.js';

/** What stands before every handler, in this order: a command that was carried out already uses nothing up. */
@Global()
@Module({
  providers: [
    ...[IdempotencyKeys, RateLimits, LimitRecords],
    { provide: APP_INTERCEPTOR, useClass: IdempotencyInterceptor },
    { provide: APP_INTERCEPTOR, useClass: RequestLimits },
  ],
  exports: [RateLimits, LimitRecords],
})
export class LimitsModule {}
