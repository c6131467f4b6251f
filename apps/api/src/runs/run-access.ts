import { Inject, Injectable, NotFoundException } from '@nestjs/common';
import { asId, isId, readEvent, type RunId, type RunRequested, streamOf } from '@palimpsest/domain';
import { type EventStore, StreamNotFound } from '@palimpsest/event-store';
import type { Principal } from '../auth/principal.js';
import { EVENT_STORE } from '../platform/tokens.js';
import type { WorkspaceAction } from '../policies/policies.js';
import { hiddenAs } from '../policies/refusal.js';
import { WorkspaceAccess } from '../policies/workspace-access.js';

const NO_RUN = 'There is no such run, or it is not yours to see.';

/** Looks a run up in the log, where it is from the moment it was asked for, and asks the policies about its workspace. */
@Injectable()
export class RunAccess {
  constructor(
    private readonly access: WorkspaceAccess,
    @Inject(EVENT_STORE) private readonly store: EventStore,
  ) {}

  async require(person: Principal, id: string, action: WorkspaceAction): Promise<RunRequested['data']> {
    const run = isId(id) ? await this.#request(asId<RunId>(id)) : undefined;
    if (!run) throw new NotFoundException(NO_RUN);
    await this.access.require(person, run.workspace, action).catch(hiddenAs(NO_RUN));
    return run;
  }

  async #request(id: RunId): Promise<RunRequested['data'] | undefined> {
    try {
      for await (const recorded of this.store.readStream(streamOf.run(id), { limit: 1 })) {
        const event = readEvent(recorded);
        if (event.type === 'RunRequested') return event.data;
      }
    } catch (error) {
      if (!(error instanceof StreamNotFound)) throw error;
    }
    return undefined;
  }
}
