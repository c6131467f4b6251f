import { Module } from '@nestjs/common';
import { CoursesController } from './courses.controller.js';
import { ModuleRules } from './module-rules.js';
import { ModuleRulesController } from './module-rules.controller.js';

@Module({
  controllers: [CoursesController, ModuleRulesController],
  providers: [ModuleRules],
  exports: [ModuleRules],
})
export class CoursesModule {}
