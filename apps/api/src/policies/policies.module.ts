import { Global, Module } from '@nestjs/common';
import { ItemAccess } from './item-access.js';
import { CourseAccess } from './course-access.js';
import { PermissionWatch } from './permission-watch.js';
import { WorkspaceAccess } from './workspace-access.js';

@Global()
@Module({
  providers: [WorkspaceAccess, CourseAccess, ItemAccess, PermissionWatch],
  exports: [WorkspaceAccess, CourseAccess, ItemAccess, PermissionWatch],
})
export class PoliciesModule {}
