import { Module } from '@nestjs/common';
import { WriteBack } from './write-back.js';

@Module({ providers: [WriteBack], exports: [WriteBack] })
export class WriteBackModule {}
