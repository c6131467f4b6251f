import { Controller, Get, Query } from '@nestjs/common';
import { AfterQueryDto, HistoryRunDto } from '@palimpsest/protocol';
import { ReadModels } from '@palimpsest/projections';
import { Person } from '../auth/auth.guard.js';
import type { Principal } from '../auth/principal.js';
import { Answers, Asks, PathId } from '../platform/api-description.js';
import { waitFor } from '../platform/wait-for.js';
import { Access } from '../policies/access.js';
import { HistoryRuns } from '../replay/history-runs.js';
import { RunAccess } from '../runs/run-access.js';

/** One run with the time of everything that it printed and was told, to be played beside what was typed. */
@Controller('api/runs/:id/timeline')
export class RunTimelineController {
  constructor(
    private readonly access: RunAccess,
    private readonly runs: HistoryRuns,
    private readonly readModels: ReadModels,
  ) {}

  /** As in the history of a file; `edit` and `fix`, which are about a file, are null. */
  @Get()
  @Access('workspace.see')
  @Asks(AfterQueryDto)
  @Answers(HistoryRunDto)
  async get(
    @Person() person: Principal,
    @PathId('id') id: string,
    @Query() { after }: AfterQueryDto,
  ): Promise<HistoryRunDto> {
    await waitFor(this.readModels, 'runs', after);
    return this.runs.one((await this.access.require(person, id, 'see')).id);
  }
}
