import { Global, Module } from '@nestjs/common';
import { CommandHandler } from './command-handler.js';

@Global()
@Module({ providers: [CommandHandler], exports: [CommandHandler] })
export class CommandsModule {}
