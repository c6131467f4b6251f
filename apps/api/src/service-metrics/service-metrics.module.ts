import { Module } from '@nestjs/common';
import { CollaborationModule } from '../collaboration/collaboration.module.js';
import { ServiceState } from './service-state.js';

@Module({ imports: [CollaborationModule], providers: [ServiceState], exports: [ServiceState] })
export class ServiceMetricsModule {}
