import { Global, Module } from '@nestjs/common';
import { WorkspaceAccess } from './workspace-access.js';

@Global()
@Module({ providers: [WorkspaceAccess], exports: [WorkspaceAccess] })
export class PoliciesModule {}
