import { Global, Module } from '@nestjs/common';
import { PermissionWatch } from './permission-watch.js';
import { WorkspaceAccess } from './workspace-access.js';

@Global()
@Module({ providers: [WorkspaceAccess, PermissionWatch], exports: [WorkspaceAccess, PermissionWatch] })
export class PoliciesModule {}
