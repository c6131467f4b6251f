import { Module } from '@nestjs/common';
import { CollabGateway } from './collab.gateway.js';
import { Rooms } from './rooms.js';

@Module({ providers: [Rooms, CollabGateway] })
export class CollaborationModule {}
