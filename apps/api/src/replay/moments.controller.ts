import { Body, Controller, Get, Post, Query, Req, Res } from '@nestjs/common';
import { utf8Length } from '@palimpsest/domain';
import {
  CompareQueryDto,
  ComparisonDto,
  FileStateDto,
  MomentQueryDto,
  RestoredMomentDto,
  RestoreMomentDto,
} from '@palimpsest/protocol';
import type { Request, Response } from 'express';
import { addressOf } from '../auth/address.js';
import { Person } from '../auth/auth.guard.js';
import { contextOf, type Principal } from '../auth/principal.js';
import { Limited } from '../limits/request-limits.js';
import { Answers, Asks, PathId, Takes } from '../platform/api-description.js';
import { invalidRequest, Problem } from '../platform/problem.js';
import { Access } from '../policies/access.js';
import { WorkspaceAccess } from '../policies/workspace-access.js';
import { FileWriter } from '../workspaces/file-writer.js';
import { WorkspaceQuota } from '../workspaces/workspace-quota.js';
import { comparedParts } from './comparison.js';
import { isKnown } from '../platform/fixed-answer.js';
import { HistoryAccess } from './history-access.js';
import { type OpenReplay, ReplayFiles, tagOf } from './replay-files.js';
import { writtenSpans } from './written-spans.js';

/** A file at single moments of its history. */
@Controller('api/files/:file')
export class MomentsController {
  constructor(
    private readonly access: HistoryAccess,
    private readonly rights: WorkspaceAccess,
    private readonly files: ReplayFiles,
    private readonly writer: FileWriter,
    private readonly quota: WorkspaceQuota,
  ) {}

  /** Its text at a moment, and who wrote what of it. By number of edits or revision the answer is good for ever. */
  @Get('at')
  @Access('workspace.history')
  @Answers(FileStateDto)
  @Asks(MomentQueryDto)
  async at(
    @Person() person: Principal,
    @PathId('file') id: string,
    @Query() moment: MomentQueryDto,
    @Req() request: Request,
    @Res({ passthrough: true }) response: Response,
  ): Promise<FileStateDto | undefined> {
    const of = await this.access.require(person, id, request);
    const { edit: asked, revision, at } = moment;
    if ([asked, revision, at].filter((one) => one !== undefined).length > 1)
      throw invalidRequest([{ field: 'edit', problem: 'and revision and at exclude each other' }]);
    const open = await this.files.covering(of.id, ({ edits }) => asked !== undefined && edits >= asked);
    const edit = await this.#editAt(open, moment);
    const isFixed = asked !== undefined || revision !== undefined;
    if (isKnown(request, response, tagOf(open, `at ${edit}`), isFixed)) return undefined;
    const { text, last, sources } = await this.files.at(open, edit);
    return {
      ...{ file: of.id, edit, revision: last?.revision ?? null, ms: last?.ms ?? null, text: text.toString() },
      authors: [...open.authors],
      spans: writtenSpans(text.edits(), sources),
    };
  }

  /** What is different between two moments, and who wrote it. The answer is good for ever. */
  @Get('compare')
  @Access('workspace.history')
  @Answers(ComparisonDto)
  @Asks(CompareQueryDto)
  async compare(
    @Person() person: Principal,
    @PathId('file') id: string,
    @Query() { from, to }: CompareQueryDto,
    @Req() request: Request,
    @Res({ passthrough: true }) response: Response,
  ): Promise<ComparisonDto | undefined> {
    const of = await this.access.require(person, id, request);
    const open = await this.files.covering(of.id, ({ edits }) => edits >= Math.max(from, to));
    // Before the answer is said to be for ever: there may be so many edits one day.
    const [before, after] = await Promise.all([this.files.at(open, from), this.files.at(open, to)]);
    if (isKnown(request, response, tagOf(open, `compare ${from} ${to}`), true)) return undefined;
    const removals = await this.files.removals(open, before, to);
    return { from, to, authors: [...open.authors], parts: comparedParts(before, after, removals) };
  }

  /**
   * Makes the text of a moment the newest, as an edit of whoever asks: nothing is deleted, and what others type meanwhile
   * stays. Everybody who has the file open sees it.
   */
  @Post('restore')
  @Access('workspace.edit')
  @Limited('file-operations-a-minute')
  @Takes(RestoreMomentDto, { edit: 120 })
  @Answers(RestoredMomentDto, { status: 201 })
  async restore(
    @Person() person: Principal,
    @PathId('file') id: string,
    @Body() { edit }: RestoreMomentDto,
    @Req() request: Request,
  ): Promise<RestoredMomentDto> {
    await this.rights.requireFile(person, id, 'edit');
    const of = await this.access.require(person, id, request);
    if (!this.access.mayEdit(person, of))
      throw new Problem(409, 'file-deleted', 'This file was deleted, so it has no newer text: restore the file first.');
    const before = await this.files.open(of.id);
    const text = (await this.files.at(before, edit)).text.toString();
    const moment = edit === 0 ? undefined : await this.files.edit(before, edit);
    const context = contextOf(person, 'web', {
      ...{ course: of.workspace.course, workspace: of.workspace.id, file: of.id, address: addressOf(request) },
      // By this the edit is known for a restoration: what caused it is the revision that it brings back.
      causation: `revision ${moment?.revision ?? 'none'}`,
    });
    await this.quota.within(of.workspace, async (admit) => {
      await admit(new Map([[of.id, { kind: 'text', bytes: utf8Length(text) }]]));
      await this.writer.writeText(of.id, text, context);
    });
    const { edits } = await this.files.open(of.id);
    return { file: of.id, edits, changed: edits > before.edits };
  }

  async #editAt(open: OpenReplay, { edit, revision, at }: MomentQueryDto): Promise<number> {
    if (edit !== undefined && edit > open.edits)
      throw new Problem(404, 'no-such-edit', `This file has ${open.edits} edits, not ${edit}.`);
    if (edit !== undefined) return edit;
    if (at !== undefined) {
      const ms = new Date(at).getTime();
      if (Number.isNaN(ms)) throw invalidRequest([{ field: 'at', problem: 'is no date that there is' }]);
      return this.files.editsBy(open, { ms });
    }
    if (revision === undefined) return open.edits;
    if (open.revision === undefined || BigInt(revision) > open.revision)
      throw new Problem(404, 'no-such-revision', `This file has no revision ${revision}.`);
    return this.files.editsBy(open, { revision });
  }
}
