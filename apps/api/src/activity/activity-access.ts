import { Injectable, NotFoundException } from '@nestjs/common';
import { isId } from '@palimpsest/domain';
import { DirectoryQueries, type PersonRow } from '@palimpsest/projections';
import type { Request } from 'express';
import { Looks } from '../audit/looks.js';
import { addressOf } from '../auth/address.js';
import { contextOf, type Principal } from '../auth/principal.js';
import { maySeeActivity } from '../policies/policies.js';

/** A person whose doings may be seen. */
export interface SeenPerson {
  readonly id: string;
  /** What of them: only what is in these courses. Undefined: everything. */
  readonly courses: readonly string[] | undefined;
}

/** Says what of a person's doings somebody may see, and records that they look. */
@Injectable()
export class ActivityAccess {
  constructor(
    private readonly directory: DirectoryQueries,
    private readonly looks: Looks,
  ) {}

  /** Throws 404 for a person who is not there or of whom nothing may be seen. A look at another's is recorded before. */
  async require(asker: Principal, id: string, request: Request): Promise<SeenPerson> {
    if (id === asker.userId) return { id, courses: undefined };
    const person = isId(id) ? await this.directory.person(id) : undefined;
    const courses = person && (await this.#coursesSeen(asker, person));
    if (!person || courses === null)
      throw new NotFoundException('There is no such person, or what they did is not yours to see.');
    await this.#noteLook(asker, person, request);
    return { id, courses };
  }

  /** Null: nothing may be seen. */
  async #coursesSeen(asker: Principal, person: PersonRow): Promise<readonly string[] | undefined | null> {
    if (asker.role === 'admin') return undefined;
    const overseen = (await this.directory.coursesOf(asker.userId))
      .filter(({ role }) => maySeeActivity(asker.role, role))
      .map(({ id }) => id);
    return (await this.directory.belongsTo(person.id, overseen)) ? overseen : null;
  }

  async #noteLook(asker: Principal, { id, displayName }: PersonRow, request: Request): Promise<void> {
    await this.looks.note(
      { type: 'ActivityViewed', data: { person: id, name: displayName } },
      contextOf(asker, 'web', { subject: id, address: addressOf(request) }),
    );
  }
}
