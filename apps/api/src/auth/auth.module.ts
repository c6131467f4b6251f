import { Global, Module } from '@nestjs/common';
import { APP_GUARD } from '@nestjs/core';
import { Accounts } from './accounts.js';
import { AuthController } from './auth.controller.js';
import { AuthGuard } from './auth.guard.js';
import { Credentials } from './credentials.js';
import { SessionExpiry } from './session-expiry.js';
import { Sessions } from './sessions.js';

@Global()
@Module({
  controllers: [AuthController],
  providers: [Sessions, SessionExpiry, Credentials, Accounts, { provide: APP_GUARD, useClass: AuthGuard }],
  exports: [Sessions, Credentials, Accounts],
})
export class AuthModule {}
