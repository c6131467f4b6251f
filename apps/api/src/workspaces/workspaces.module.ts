import { Module } from '@nestjs/common';
import { ContentController } from './content.controller.js';
import { WorkspacesController } from './workspaces.controller.js';

@Module({ controllers: [WorkspacesController, ContentController] })
export class WorkspacesModule {}
