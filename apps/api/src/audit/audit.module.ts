import { Global, Module } from '@nestjs/common';
import { AuditExport } from './audit-export.js';
import { QueryRecords } from './query-records.js';
import { AuditController } from './audit.controller.js';
import { LooksController } from './looks.controller.js';
import { ExportRecords } from './export-records.js';
import { RefusalRecords } from './refusal-records.js';
import { Looks } from './looks.js';
import { AuditLog } from './audit-log.js';

@Global()
@Module({
  controllers: [AuditController, LooksController],
  providers: [AuditExport, QueryRecords, AuditLog, ExportRecords, Looks, RefusalRecords],
  exports: [AuditLog, ExportRecords, Looks, RefusalRecords],
})
export class AuditModule {}
