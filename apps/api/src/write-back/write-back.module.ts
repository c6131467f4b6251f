import { Module } from '@nestjs/common';
import { WorkspacesModule } from '../workspaces/workspaces.module.js';
import { WriteBack } from './write-back.js';

@Module({ imports: [WorkspacesModule], providers: [WriteBack], exports: [WriteBack] })
export class WriteBackModule {}
