import { Controller, ForbiddenException, Get } from '@nestjs/common';
import { SystemDto } from '@palimpsest/protocol';
import { Person } from '../auth/auth.guard.js';
import type { Principal } from '../auth/principal.js';
import { Answers } from '../platform/api-description.js';
import { maySeeSystem } from '../policies/policies.js';
import { Access } from '../policies/access.js';
import { refusing } from '../policies/refusal.js';
import { SystemState } from './system-state.js';

@Controller('api/system')
export class SystemController {
  constructor(private readonly state: SystemState) {}

  /**
   * State of the event store and of what is built from it. A page asks every two seconds and learns nothing of any person,
   * so only a refusal is recorded.
   */
  @Get()
  @Access('system.see')
  @Answers(SystemDto)
  async get(@Person() person: Principal): Promise<SystemDto> {
    if (!maySeeSystem(person.role)) {
      const refused = new ForbiddenException('Only auditors and administrators see the state of the system.');
      throw refusing(refused, { what: 'see the state of the system', object: 'system' });
    }
    return this.state.read();
  }
}
