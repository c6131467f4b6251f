import { Module } from '@nestjs/common';
import { OpenIdAccounts } from './openid-accounts.js';
import { OpenIdClient } from './openid-client.js';
import { OpenIdController } from './openid.controller.js';

@Module({ controllers: [OpenIdController], providers: [OpenIdClient, OpenIdAccounts] })
export class OpenIdModule {}
