import { Global, Module } from '@nestjs/common';
import { AuditController } from './audit.controller.js';
import { LooksController } from './looks.controller.js';
import { ExportRecords } from './export-records.js';
import { Looks } from './looks.js';
import { AuditLog } from './audit-log.js';

@Global()
@Module({
  controllers: [AuditController, LooksController],
  providers: [AuditLog, ExportRecords, Looks],
  exports: [AuditLog, ExportRecords, Looks],
})
export class AuditModule {}
