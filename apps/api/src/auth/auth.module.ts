import { Global, Module } from '@nestjs/common';
import { APP_GUARD } from '@nestjs/core';
import { AccountChanges } from './account-changes.js';
import { Accounts } from './accounts.js';
import { AuthController } from './auth.controller.js';
import { AuthGuard } from './auth.guard.js';
import { Credentials } from './credentials.js';
import { Emails } from './emails.js';
import { KnownDevices } from './known-devices.js';
import { OwnSessionsController } from './own-sessions.controller.js';
import { SessionEnding } from './session-ending.js';
import { SessionExpiry } from './session-expiry.js';
import { Sessions } from './sessions.js';
import { SignInRefusals } from './sign-in-refusals.js';
import { SignInThrottle } from './sign-in-throttle.js';
import { Welcome } from './welcome.js';

@Global()
@Module({
  controllers: [AuthController, OwnSessionsController],
  providers: [
    ...[Sessions, SessionEnding, SessionExpiry, SignInThrottle, SignInRefusals, KnownDevices, Welcome],
    ...[Credentials, Emails, Accounts, AccountChanges],
    { provide: APP_GUARD, useClass: AuthGuard },
  ],
  exports: [Sessions, SessionEnding, Welcome, Credentials, Emails, Accounts, AccountChanges],
})
export class AuthModule {}
