import { Body, Controller, Get, NotFoundException, Put, Req } from '@nestjs/common';
import { courseDecider, type CourseId, RESTRICTED_MODULES, streamOf } from '@palimpsest/domain';
import { DecideModuleDto, ModuleRuleDto, WrittenDto } from '@palimpsest/protocol';
import type { Request } from 'express';
import { addressOf } from '../auth/address.js';
import { Person } from '../auth/auth.guard.js';
import { contextOf, type Principal } from '../auth/principal.js';
import { CommandHandler } from '../commands/command-handler.js';
import { Answers, PathId, PathText, Takes } from '../platform/api-description.js';
import { Access } from '../policies/access.js';
import { CourseAccess } from '../policies/course-access.js';
import { ModuleRules } from './module-rules.js';

/** What programs of a course may use. For its professors, and for administrators. */
@Controller('api/courses/:id/modules')
export class ModuleRulesController {
  constructor(
    private readonly rules: ModuleRules,
    private readonly commands: CommandHandler,
    private readonly access: CourseAccess,
  ) {}

  @Get()
  @Access('course.modules')
  @Answers(ModuleRuleDto, { list: true })
  async list(@Person() person: Principal, @PathId('id') id: string): Promise<ModuleRuleDto[]> {
    const course = await this.#require(person, id, 'see what programs of a course may use');
    const refused = await this.rules.refusedIn(course);
    if (refused === undefined) throw new NotFoundException(NO_COURSE);
    const decided = await this.rules.decidedIn(course);
    return RESTRICTED_MODULES.map((module) => ({
      module,
      allowed: !refused.includes(module),
      decidedBy: decided.has(module) ? 'course' : 'installation',
    }));
  }

  @Put(':module')
  @Access('course.modules')
  @Takes(DecideModuleDto, { allowed: true })
  @Answers(WrittenDto)
  async decide(
    @Person() person: Principal,
    @PathId('id') id: string,
    @PathText('module', /^[\w.]{1,60}$/) module: string,
    @Body() body: DecideModuleDto,
    @Req() request: Request,
  ): Promise<WrittenDto> {
    const course = await this.#require(person, id, 'decide what programs of a course may use');
    const command = { kind: 'decideModule', module, allowed: body.allowed } as const;
    const context = contextOf(person, 'web', { course, address: addressOf(request) });
    const { position } = await this.commands.execute(streamOf.course(course), courseDecider, command, context);
    return { id: course, position };
  }

  #require(person: Principal, id: string, what: string): Promise<CourseId> {
    return this.access.requireManager(person, id, what, REFUSED);
  }
}

const NO_COURSE = 'There is no such course, or it is not yours to see.';
const REFUSED = 'Only professors of the course and administrators decide what its programs may use.';
