import { Controller, Get, Inject, NotFoundException, Post, Query, Req, Res } from '@nestjs/common';
import {
  asId,
  type CourseId,
  deadlineOf,
  type FileId,
  type ItemId,
  phaseOf,
  streamOf,
  type UserId,
  type WorkspaceId,
} from '@palimpsest/domain';
import { type EventStore, StreamNotFound } from '@palimpsest/event-store';
import { DirectoryQueries, type HandInRow, ItemQueries, ReadModels, scheduleOf } from '@palimpsest/projections';
import { AfterQueryDto, EventProofDto, ItemOverviewDto, ReceiptDto, WrittenDto } from '@palimpsest/protocol';
import type { Request, Response } from 'express';
import { addressOf } from '../auth/address.js';
import { Person } from '../auth/auth.guard.js';
import { contextOf, type Principal } from '../auth/principal.js';
import { Rejected } from '../commands/rejected.js';
import { Limited } from '../limits/request-limits.js';
import { Answers, Asks, PathId } from '../platform/api-description.js';
import { derivedId } from '../platform/derived-id.js';
import { Problem } from '../platform/problem.js';
import { EVENT_STORE } from '../platform/tokens.js';
import { waitFor } from '../platform/wait-for.js';
import { Access } from '../policies/access.js';
import { askerOf, ItemAccess, type OpenItem } from '../policies/item-access.js';
import { may } from '../policies/permission-table.js';
import { hiddenAs } from '../policies/refusal.js';
import { lockedProblem, WorkspaceAccess } from '../policies/workspace-access.js';
import { type HandedIn, HandIns } from './hand-ins.js';
import { moment } from './item-dto.js';
import { ReceiptProofs } from './receipt-proofs.js';
import { WorkspaceCopies } from './workspace-copies.js';

const NO_RECEIPT = 'There is no such receipt, or it is not yours to see.';

/** What people do with what a course publishes: copies to work in, handing in, receipts, and the overview of it all. */
@Controller('api')
export class WorkController {
  constructor(
    private readonly access: ItemAccess,
    private readonly workspaces: WorkspaceAccess,
    private readonly items: ItemQueries,
    private readonly directory: DirectoryQueries,
    private readonly readModels: ReadModels,
    private readonly copies: WorkspaceCopies,
    private readonly handIns: HandIns,
    private readonly receiptProofs: ReceiptProofs,
    @Inject(EVENT_STORE) private readonly store: EventStore,
  ) {}

  /**
   * Opens the person's copy, or the group's, and answers its workspace; of material a copy of one's own. There is one for
   * each: who asks again, or at the same time as others of the group, is answered the same.
   */
  @Post('items/:id/copy')
  @Access('item.copy')
  @Limited('file-operations-a-minute')
  @Answers(WrittenDto, { status: 201 })
  async copy(@Person() person: Principal, @PathId('id') id: string, @Req() request: Request): Promise<WrittenDto> {
    const open = await this.access.require(person, id, 'item.see');
    const { item } = open;
    if (item.copy !== null && hasBegun(open)) return { id: item.copy, position: null };
    refuseByTime(open, person);
    await this.access.require(person, id, 'item.copy');
    const workspace = await this.#workspaceOf(open, person);
    const from = asId<WorkspaceId>(item.material);
    const context = contextOf(person, 'web', {
      ...{ course: item.course, workspace: workspace.id, address: addressOf(request) },
    });
    return {
      id: workspace.id,
      position: await this.copies.open({ from, workspace, item: asId<ItemId>(item.id) }, context),
    };
  }

  async #workspaceOf({ item }: OpenItem, person: Principal) {
    const opened = { course: asId<CourseId>(item.course), owner: asId<UserId>(person.userId) };
    const itemId = asId<ItemId>(item.id);
    const named = (whose: string) => asId<WorkspaceId>(derivedId(`copy of item ${item.id} for ${whose}`));
    if (item.kind === 'material')
      return {
        ...opened,
        id: named(`person ${person.userId}`),
        kind: 'personal',
        name: `${item.title} (my copy)`.slice(0, 120),
      } as const;
    if (!item.groups)
      return { ...opened, id: named(`person ${person.userId}`), kind: 'copy', name: item.title, item: itemId } as const;
    if (item.group === null)
      throw new Problem(409, 'no-group', 'This is worked on in groups, and you are in none yet: ask your teacher.');
    const name = `${item.title} – ${item.groupName ?? ''}`.slice(0, 120);
    return {
      ...opened,
      id: named(`group ${item.group}`),
      kind: 'copy',
      name,
      item: itemId,
      group: item.group,
    } as const;
  }

  /** Hands in what the copy holds now; the last time counts, and all are kept. Answers the receipt. */
  @Post('workspaces/:id/hand-ins')
  @Access('work.handIn')
  @Limited('file-operations-a-minute')
  @Answers(ReceiptDto, { status: 201 })
  async handIn(@Person() person: Principal, @PathId('id') id: string, @Req() request: Request): Promise<ReceiptDto> {
    const open = await this.workspaces.require(person, id, 'edit');
    const { workspace, courseRole, item } = open;
    const facts = { courseRole, workspace: { ...workspace, item } };
    if (!item?.schedule || !may(askerOf(person), 'work.handIn', facts))
      throw new Rejected({ code: 'not-allowed', message: 'Only a copy of an assignment or a test is handed in.' });
    const context = contextOf(person, 'web', {
      ...{ course: workspace.course, workspace: workspace.id, address: addressOf(request) },
    });
    const { handedIn } = await this.handIns.handIn(
      ...([asId<WorkspaceId>(workspace.id), asId<ItemId>(item.id), asId<UserId>(person.userId)] as const),
      ...([item.schedule, context] as const),
    );
    return this.#receipt(workspace.id, handedIn);
  }

  /** Everything that was handed in of a copy, the last first. */
  @Get('workspaces/:id/hand-ins')
  @Access('workspace.see')
  @Answers(ReceiptDto, { list: true })
  @Asks(AfterQueryDto)
  async list(
    @Person() person: Principal,
    @PathId('id') id: string,
    @Query() { after }: AfterQueryDto,
  ): Promise<ReceiptDto[]> {
    await waitFor(this.readModels, 'directory', after);
    const { workspace } = await this.workspaces.require(person, id, 'see');
    const rows = await this.items.handIns(workspace.id);
    const read = await Promise.all(
      rows.map((row) => this.handIns.read(asId<WorkspaceId>(workspace.id), BigInt(row.revision), row.receipt)),
    );
    return Promise.all(read.flatMap((one) => (one ? [this.#receipt(workspace.id, one)] : [])));
  }

  /** A receipt as it was given, and whether the log still has exactly what it says. To whoever may see the work. */
  @Get('receipts/:id')
  @Access('workspace.see')
  @Answers(ReceiptDto)
  @Asks(AfterQueryDto)
  async receipt(
    @Person() person: Principal,
    @PathId('id') id: string,
    @Query() { after }: AfterQueryDto,
  ): Promise<ReceiptDto> {
    await waitFor(this.readModels, 'directory', after);
    const row = await this.#handIn(person, id);
    const handedIn = await this.handIns.read(asId<WorkspaceId>(row.workspace), BigInt(row.revision), id);
    if (!handedIn) throw new NotFoundException(NO_RECEIPT);
    return this.#receipt(row.workspace, handedIn);
  }

  /**
   * A receipt that proves itself, without this server: the event, and its place in the log that a signed checkpoint vouches
   * for. A file for `python3 verifier.py`. To whoever may see the work.
   */
  @Get('receipts/:id/proof')
  @Access('workspace.see')
  @Answers(EventProofDto)
  @Asks(AfterQueryDto)
  async proof(
    @Person() person: Principal,
    @PathId('id') id: string,
    @Query() { after }: AfterQueryDto,
    @Res({ passthrough: true }) response: Response,
  ): Promise<EventProofDto> {
    await waitFor(this.readModels, 'directory', after);
    const row = await this.#handIn(person, id);
    const event = await this.handIns.event(asId<WorkspaceId>(row.workspace), BigInt(row.revision), id);
    if (!event) throw new NotFoundException(NO_RECEIPT);
    const proof = await this.receiptProofs.of(event);
    response.setHeader('Content-Disposition', `attachment; filename="receipt-${id}.json"`);
    return proof;
  }

  /** Where a receipt is, for whoever may see the work. */
  async #handIn(person: Principal, id: string): Promise<HandInRow> {
    const row = await this.items.handIn(id);
    if (!row) throw new NotFoundException(NO_RECEIPT);
    await this.workspaces.require(person, row.workspace, 'see').catch(hiddenAs(NO_RECEIPT));
    return row;
  }

  async #receipt(workspace: string, handedIn: HandedIn): Promise<ReceiptDto> {
    const { item, by, at, late, deadline, digest, files } = handedIn.data;
    const [row, who, verified] = await Promise.all([
      this.items.item(item),
      this.directory.person(by),
      this.handIns.verify(handedIn),
    ]);
    return {
      ...{ id: handedIn.receipt, item, workspace, by, late, digest, verified },
      title: row?.title ?? '',
      byName: who?.displayName ?? by,
      at: moment(at) ?? '',
      deadline: moment(deadline),
      files: files.map((file) => ({ ...file })),
    };
  }

  /** How every student of the course stands with an item. */
  @Get('items/:id/overview')
  @Access('item.overview')
  @Answers(ItemOverviewDto)
  @Asks(AfterQueryDto)
  async overview(
    @Person() person: Principal,
    @PathId('id') id: string,
    @Query() { after }: AfterQueryDto,
  ): Promise<ItemOverviewDto> {
    await waitFor(this.readModels, 'directory', after);
    const { item } = await this.access.require(person, id, 'item.overview');
    const [rows, groups] = await Promise.all([this.items.overview(id), this.items.groups(id)]);
    const edited = await this.#lastEdits(rows.flatMap(({ copy }) => (copy === null ? [] : [copy])));
    const now = Date.now();
    const students = rows.map((row) => {
      const schedule = scheduleOf({ ...item, extension: row.extension });
      return {
        ...{ person: row.person, username: row.username, displayName: row.displayName, group: row.groupName },
        extension: moment(row.ownExtension),
        phase: phaseOf(schedule, now),
        deadline: moment(deadlineOf(schedule)),
        copy: row.copy,
        openedAt: row.openedAt?.toISOString() ?? null,
        lastEditAt: (row.copy !== null && edited.get(row.copy)) || null,
        ...{ receipt: row.receipt, handedInAt: moment(row.handedInAt), late: row.late, handIns: row.handIns },
      };
    });
    return { students, groups };
  }

  /** When something was last changed in a file of each of these copies. Their first contents are no change. */
  async #lastEdits(copies: readonly string[]): Promise<ReadonlyMap<string, string>> {
    const waiting = [...new Set(copies)];
    const found = new Map<string, string>();
    const work = async () => {
      for (let copy = waiting.shift(); copy !== undefined; copy = waiting.shift()) {
        const files = await this.directory.files(copy);
        const times = await Promise.all(files.map(({ id }) => this.#lastEdit(asId<FileId>(id))));
        const last = Math.max(...times.map((at) => at ?? -Infinity));
        if (Number.isFinite(last)) found.set(copy, new Date(last).toISOString());
      }
    };
    await Promise.all(Array.from({ length: 4 }, work));
    return found;
  }

  async #lastEdit(file: FileId): Promise<number | undefined> {
    try {
      for await (const event of this.store.readStream(streamOf.file(file), { direction: 'backwards', limit: 1 }))
        return event.revision > 0n ? event.recordedAt.getTime() : undefined;
    } catch (error) {
      if (!(error instanceof StreamNotFound)) throw error;
    }
    return undefined;
  }
}

function hasBegun({ phase }: OpenItem): boolean {
  return phase === 'open' || phase === 'late' || phase === 'locked';
}

/** A student who is too early or too late is told so, with a code for each. */
function refuseByTime({ item, phase, schedule, courseRole }: OpenItem, person: Principal): void {
  if (item.kind === 'material' || courseRole !== 'student' || person.role === 'admin') return;
  const locked = lockedProblem(phase, schedule);
  if (locked) throw locked;
  if (phase === 'announced')
    throw new Problem(403, 'not-open-yet', `This begins at ${moment(item.times.startAt) ?? ''}: come back then.`);
}
