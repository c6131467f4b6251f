import { Controller, Get, Query, Req, Res } from '@nestjs/common';
import { ApiOkResponse } from '@nestjs/swagger';
import { DirectoryQueries, ReadModels } from '@palimpsest/projections';
import { FileHistoryDto, HistoryPageQueryDto, HistoryRunDto, PageQueryDto, PasteOriginDto } from '@palimpsest/protocol';
import type { Request, Response } from 'express';
import { Person } from '../auth/auth.guard.js';
import type { Principal } from '../auth/principal.js';
import { Answers, Asks, PathId, PathText } from '../platform/api-description.js';
import { linkNext } from '../platform/paging.js';
import { waitFor } from '../platform/wait-for.js';
import { Access } from '../policies/access.js';
import { namesOf } from '../workspaces/names-of.js';
import { isKnown } from '../platform/fixed-answer.js';
import { HistoryAccess } from './history-access.js';
import { HistoryRuns } from './history-runs.js';
import { overviewOf } from './overview.js';
import { PasteOrigins } from './paste-origins.js';
import { expand } from './replay-builder.js';
import { type OpenReplay, ReplayFiles, tagOf } from './replay-files.js';

const NUMBER = /^\d{1,9}$/;
const BYTES = {
  'application/octet-stream': { schema: { type: 'string', format: 'binary' } },
} as const;

/** The history of a file: an overview, and pages to fetch as somebody looks at them (docs/REPLAY.md). */
@Controller('api/files/:file/history')
export class HistoryController {
  constructor(
    private readonly access: HistoryAccess,
    private readonly files: ReplayFiles,
    private readonly runsOf: HistoryRuns,
    private readonly origins: PasteOrigins,
    private readonly directory: DirectoryQueries,
    private readonly readModels: ReadModels,
  ) {}

  /** How long it is, who wrote when, what to go to, and which pages there are. */
  @Get()
  @Access('workspace.history')
  @Answers(FileHistoryDto)
  async overview(
    @Person() person: Principal,
    @PathId('file') id: string,
    @Req() request: Request,
  ): Promise<FileHistoryDto> {
    const of = await this.access.require(person, id, request);
    const open = await this.files.open(of.id);
    const nameOf = await namesOf(
      this.directory,
      open.authors.map((author) => author.id),
    );
    return {
      ...{ file: of.id, path: of.file.path, mayEdit: this.access.mayEdit(person, of) },
      ...overviewOf(open),
      authors: open.authors.map((author) => ({ ...author, name: nameOf(author.id) })),
      readAt: new Date().toISOString(),
    };
  }

  /** Edits, in the binary form of libs/protocol/src/replay. With the page's `tag` it is good for ever. */
  @Get('pages/:page')
  @Access('workspace.history')
  @ApiOkResponse({ description: 'The edits of the page.', content: BYTES })
  @Asks(HistoryPageQueryDto)
  async page(
    @Person() person: Principal,
    @PathId('file') id: string,
    @PathText('page', NUMBER) page: string,
    @Query() { tag }: HistoryPageQueryDto,
    @Req() request: Request,
    @Res() response: Response,
  ): Promise<void> {
    const of = await this.access.require(person, id, request);
    const number = Number(page);
    const open = await this.files.covering(of.id, ({ pages }) => tag !== undefined && pages[number]?.tag === tag);
    await send(request, response, tag, open.pages[number]?.tag, () => this.files.pageBytes(open, number));
  }

  /** The text at the beginning of a page, and who wrote it; likewise. Its tag is that of the page before: the first has none. */
  @Get('keyframes/:page')
  @Access('workspace.history')
  @ApiOkResponse({ description: 'The text before the page.', content: BYTES })
  @Asks(HistoryPageQueryDto)
  async keyframe(
    @Person() person: Principal,
    @PathId('file') id: string,
    @PathText('page', NUMBER) page: string,
    @Query() { tag }: HistoryPageQueryDto,
    @Req() request: Request,
    @Res() response: Response,
  ): Promise<void> {
    const of = await this.access.require(person, id, request);
    const number = Number(page);
    const open = await this.files.covering(of.id, ({ pages }) => pages.length > number);
    await send(request, response, tag, keyframeTag(open, number), () => this.files.keyframeBytes(open, number));
  }

  /** Runs of the file's workspace, newest first. The next page is in the header `Link`. */
  @Get('runs')
  @Access('workspace.history')
  @Answers(HistoryRunDto, { list: true })
  @Asks(PageQueryDto)
  async runs(
    @Person() person: Principal,
    @PathId('file') id: string,
    @Query() { after, limit, cursor }: PageQueryDto,
    @Req() request: Request,
    @Res({ passthrough: true }) response: Response,
  ): Promise<readonly HistoryRunDto[]> {
    await waitFor(this.readModels, 'runs', after);
    const of = await this.access.require(person, id, request);
    const { rows, next } = await this.runsOf.page(of.workspace.id, await this.files.open(of.id), limit, cursor);
    linkNext(request, response, 'cursor', next);
    return rows;
  }

  /** Where the text that this edit pasted was before, as far as the texts of the course tell. */
  @Get('pastes/:edit')
  @Access('workspace.history')
  @Answers(PasteOriginDto)
  async paste(
    @Person() person: Principal,
    @PathId('file') id: string,
    @PathText('edit', NUMBER) edit: string,
    @Req() request: Request,
  ): Promise<PasteOriginDto> {
    const of = await this.access.require(person, id, request);
    return this.origins.find(person, of, Number(edit), request);
  }
}

function keyframeTag(open: OpenReplay, number: number): string | undefined {
  return number === 0 ? tagOf(open, 'empty') : open.pages[number - 1]?.tag;
}

/** They are kept compressed, and sent so to whoever takes it. */
async function send(
  request: Request,
  response: Response,
  asked: string | undefined,
  tag: string | undefined,
  read: () => Promise<Uint8Array>,
): Promise<void> {
  const packed = request.acceptsEncodings('gzip') === 'gzip';
  if (tag !== undefined && isKnown(request, response, packed ? `${tag}-gzip` : tag, asked === tag))
    return void response.end();
  const bytes = await read();
  response.set({ 'Content-Type': 'application/octet-stream', 'X-Content-Type-Options': 'nosniff' });
  if (packed) response.set('Content-Encoding', 'gzip');
  response.end(packed ? bytes : await expand(bytes));
}
