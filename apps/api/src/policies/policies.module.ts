import { Global, Module } from '@nestjs/common';
import { CourseAccess } from './course-access.js';
import { PermissionWatch } from './permission-watch.js';
import { WorkspaceAccess } from './workspace-access.js';

@Global()
@Module({
  providers: [WorkspaceAccess, CourseAccess, PermissionWatch],
  exports: [WorkspaceAccess, CourseAccess, PermissionWatch],
})
export class PoliciesModule {}
