import { Global, Module } from '@nestjs/common';
import { ItemAccess } from './item-access.js';
import { PermissionWatch } from './permission-watch.js';
import { WorkspaceAccess } from './workspace-access.js';

@Global()
@Module({
  providers: [WorkspaceAccess, ItemAccess, PermissionWatch],
  exports: [WorkspaceAccess, ItemAccess, PermissionWatch],
})
export class PoliciesModule {}
