import { Controller, ForbiddenException, Get } from '@nestjs/common';
import { ServiceDto, SystemDto } from '@palimpsest/protocol';
import { Person } from '../auth/auth.guard.js';
import type { Principal } from '../auth/principal.js';
import { Answers } from '../platform/api-description.js';
import { maySeeSystem } from '../policies/policies.js';
import { Access } from '../policies/access.js';
import { refusing } from '../policies/refusal.js';
import { serviceDto } from '../service-metrics/service-dto.js';
import { ServiceMeters } from '../service-metrics/service-meters.js';
import { ServiceState } from '../service-metrics/service-state.js';
import { SystemState } from './system-state.js';

@Controller('api/system')
export class SystemController {
  constructor(
    private readonly state: SystemState,
    private readonly serviceState: ServiceState,
    private readonly meters: ServiceMeters,
  ) {}

  /**
   * State of the event store and of what is built from it. A page asks every two seconds and learns nothing of any person,
   * so only a refusal is recorded.
   */
  @Get()
  @Access('system.see')
  @Answers(SystemDto)
  async get(@Person() person: Principal): Promise<SystemDto> {
    requireOverseer(person);
    return this.state.read();
  }

  /** Figures of the service: how long it takes, what waits, what it uses. Of no person, so only a refusal is recorded. */
  @Get('service')
  @Access('system.see')
  @Answers(ServiceDto)
  async service(@Person() person: Principal): Promise<ServiceDto> {
    requireOverseer(person);
    const [own, shared] = await Promise.all([this.serviceState.own(), this.serviceState.shared()]);
    return serviceDto(this.meters, own, shared);
  }
}

function requireOverseer({ role }: Principal): void {
  if (maySeeSystem(role)) return;
  const refused = new ForbiddenException('Only auditors and administrators see the state of the system.');
  throw refusing(refused, { what: 'see the state of the system', object: 'system' });
}
