import { Module } from '@nestjs/common';
import { FileContents } from './file-contents.js';
import { HandIns } from './hand-ins.js';
import { ItemsController } from './items.controller.js';
import { ReceiptProofs } from './receipt-proofs.js';
import { WorkController } from './work.controller.js';
import { WorkspaceCopies } from './workspace-copies.js';

@Module({
  controllers: [ItemsController, WorkController],
  providers: [WorkspaceCopies, FileContents, HandIns, ReceiptProofs],
})
export class ItemsModule {}
