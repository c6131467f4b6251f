import { Body, Controller, Delete, Get, Patch, Post, Put, Query, Req } from '@nestjs/common';
import {
  asId,
  courseDecider,
  type CourseId,
  type ItemCommand,
  itemDecider,
  type ItemId,
  type ItemTimes,
  phaseOf,
  streamOf,
  type UserId,
  type WorkspaceId,
} from '@palimpsest/domain';
import { DirectoryQueries, ItemQueries, ReadModels, scheduleOf } from '@palimpsest/projections';
import {
  AfterQueryDto,
  ChangeItemDto,
  ExtendDto,
  ItemDto,
  PublishItemDto,
  SetGroupDto,
  WrittenDto,
} from '@palimpsest/protocol';
import type { Request } from 'express';
import { addressOf } from '../auth/address.js';
import { Person } from '../auth/auth.guard.js';
import { contextOf, type Principal } from '../auth/principal.js';
import { CommandHandler } from '../commands/command-handler.js';
import { newId } from '../commands/command-identity.js';
import { Rejected } from '../commands/rejected.js';
import { Limited } from '../limits/request-limits.js';
import { Answers, Asks, PathId, Takes } from '../platform/api-description.js';
import { derivedId } from '../platform/derived-id.js';
import { waitFor } from '../platform/wait-for.js';
import { Access } from '../policies/access.js';
import { askerOf, ItemAccess } from '../policies/item-access.js';
import { may } from '../policies/permission-table.js';
import { WorkspaceAccess } from '../policies/workspace-access.js';
import { itemDto, timeOf } from './item-dto.js';
import { WorkspaceCopies } from './workspace-copies.js';

/** What a course publishes: listed for everybody as it stands for them, decided about by those who teach. */
@Controller('api')
export class ItemsController {
  constructor(
    private readonly access: ItemAccess,
    private readonly workspaces: WorkspaceAccess,
    private readonly items: ItemQueries,
    private readonly directory: DirectoryQueries,
    private readonly readModels: ReadModels,
    private readonly commands: CommandHandler,
    private readonly copies: WorkspaceCopies,
  ) {}

  @Get('courses/:id/items')
  @Access('items.list')
  @Answers(ItemDto, { list: true })
  @Asks(AfterQueryDto)
  async list(
    @Person() person: Principal,
    @PathId('id') id: string,
    @Query() { after }: AfterQueryDto,
  ): Promise<ItemDto[]> {
    await waitFor(this.readModels, 'directory', after);
    const courseRole = await this.access.requireCourse(person, id, 'items.list');
    const now = Date.now();
    return (await this.items.ofCourse(id, person.userId)).flatMap((item) => {
      const schedule = scheduleOf(item);
      const phase = phaseOf(schedule, now);
      const isSeen = may(askerOf(person), 'item.see', { courseRole, item: { kind: item.kind, phase } });
      return isSeen ? [itemDto({ item, courseRole, schedule, phase }, person.role === 'admin', now)] : [];
    });
  }

  /** Copies the files as they are now into a workspace of the item, and publishes that. */
  @Post('courses/:id/items')
  @Access('item.manage')
  @Limited('file-operations-a-minute')
  @Takes(PublishItemDto, {
    ...{ section: 'Assignments', kind: 'assignment', title: 'Loops' },
    ...{ workspace: '3f6f2e0a-0a53-4b8e-9d6b-6a3f0a0e7c11', path: 'week-1' },
    ...{ releaseAt: '2026-11-26T08:00:00Z', dueAt: '2026-12-03T22:59:00Z' },
  })
  @Answers(WrittenDto, { status: 201 })
  async publish(
    @Person() person: Principal,
    @PathId('id') id: string,
    @Body() body: PublishItemDto,
    @Req() request: Request,
  ): Promise<WrittenDto> {
    await this.access.requireCourse(person, id, 'item.manage');
    const { workspace: source } = await this.workspaces.require(person, body.workspace, 'see');
    const course = asId<CourseId>(id);
    const section = await this.#sectionOf(course, body.section);
    const item = asId<ItemId>(newId('item'));
    const material = asId<WorkspaceId>(derivedId(`item ${item} material`));
    const command = {
      kind: 'publish',
      item: {
        ...{ id: item, course, section, kind: body.kind, title: body.title, material, groups: body.groups ?? false },
        times: timesOfNew(body),
      },
    } as const;
    refuseEarly(command);
    const context = contextOf(person, 'web', { course: id, workspace: material, address: addressOf(request) });
    const owner = asId<UserId>(person.userId);
    const opened = { id: material, kind: 'material', course, owner, name: body.title.trim(), item } as const;
    const from = asId<WorkspaceId>(source.id);
    await this.copies.open({ from, workspace: opened, pathOf: within(body.path) }, context);
    const { position } = await this.commands.execute(streamOf.item(item), itemDecider, command, context);
    return { id: item, position };
  }

  @Patch('items/:id')
  @Access('item.manage')
  @Takes(ChangeItemDto, { dueAt: '2026-12-10T22:59:00Z' })
  @Answers(WrittenDto)
  async change(
    @Person() person: Principal,
    @PathId('id') id: string,
    @Body() body: ChangeItemDto,
    @Req() request: Request,
  ): Promise<WrittenDto> {
    const { item } = await this.access.require(person, id, 'item.manage');
    const section = body.section && (await this.#sectionOf(asId<CourseId>(item.course), body.section));
    return this.#decide(person, item, request, { kind: 'change', section, title: body.title, times: timesOf(body) });
  }

  /** Students do not see it any more; their copies stay theirs to read. */
  @Delete('items/:id')
  @Access('item.manage')
  @Answers(WrittenDto)
  async withdraw(@Person() person: Principal, @PathId('id') id: string, @Req() request: Request): Promise<WrittenDto> {
    const { item } = await this.access.require(person, id, 'item.manage');
    return this.#decide(person, item, request, { kind: 'withdraw' });
  }

  @Put('items/:id/extensions/:person')
  @Access('item.manage')
  @Takes(ExtendDto, { until: '2026-12-10T22:59:00Z' })
  @Answers(WrittenDto)
  async extend(
    @Person() person: Principal,
    @PathId('id') id: string,
    @PathId('person') student: string,
    @Body() body: ExtendDto,
    @Req() request: Request,
  ): Promise<WrittenDto> {
    const { item } = await this.access.require(person, id, 'item.manage');
    await this.#requireStudents(item.course, [student]);
    const until = timeOf(body.until) ?? Number.NaN;
    const command = { kind: 'grantExtension', student: asId<UserId>(student), until } as const;
    return this.#decide(person, item, request, command, student);
  }

  @Delete('items/:id/extensions/:person')
  @Access('item.manage')
  @Answers(WrittenDto)
  async withdrawExtension(
    @Person() person: Principal,
    @PathId('id') id: string,
    @PathId('person') student: string,
    @Req() request: Request,
  ): Promise<WrittenDto> {
    const { item } = await this.access.require(person, id, 'item.manage');
    const command = { kind: 'withdrawExtension', student: asId<UserId>(student) } as const;
    return this.#decide(person, item, request, command, student);
  }

  /** Forms a group under an id of the client's, or says anew who is in it. Who is named leaves another group at once. */
  @Put('items/:id/groups/:group')
  @Access('item.manage')
  @Takes(SetGroupDto, { name: 'Red', members: ['3f6f2e0a-0a53-4b8e-9d6b-6a3f0a0e7c11'] })
  @Answers(WrittenDto)
  async setGroup(
    @Person() person: Principal,
    @PathId('id') id: string,
    @PathId('group') group: string,
    @Body() body: SetGroupDto,
    @Req() request: Request,
  ): Promise<WrittenDto> {
    const { item } = await this.access.require(person, id, 'item.manage');
    await this.#requireStudents(item.course, body.members);
    const members = body.members.map((one) => asId<UserId>(one));
    return this.#decide(person, item, request, { kind: 'setGroup', group, name: body.name, members });
  }

  async #decide(
    person: Principal,
    item: { readonly id: string; readonly course: string },
    request: Request,
    command: ItemCommand,
    subject?: string,
  ): Promise<WrittenDto> {
    const address = addressOf(request);
    const context = contextOf(person, 'web', {
      course: item.course,
      address,
      ...(subject !== undefined && { subject }),
    });
    const stream = streamOf.item(asId<ItemId>(item.id));
    const { position } = await this.commands.execute(stream, itemDecider, command, context);
    return { id: item.id, position };
  }

  async #sectionOf(course: CourseId, name: string): Promise<string> {
    const { state } = await this.commands.load(streamOf.course(course), courseDecider);
    if (state.sections.includes(name.trim())) return name.trim();
    const there = state.sections.join(', ');
    throw new Rejected({ code: 'invalid-value', message: `The course has no section of this name. It has: ${there}.` });
  }

  async #requireStudents(course: string, people: readonly string[]): Promise<void> {
    const members = await this.directory.members(course);
    const students = new Set(members.filter(({ role }) => role === 'student').map(({ id }) => id));
    if (people.every((one) => students.has(one))) return;
    throw new Rejected({ code: 'invalid-value', message: 'Only students of the course can be named here.' });
  }
}

/** What the decider would say of a new item, before files are copied for it. */
function refuseEarly(command: Extract<ItemCommand, { kind: 'publish' }>): void {
  const decision = itemDecider.decide(command, itemDecider.initial);
  if (!decision.accepted) throw new Rejected(decision.rejection);
}

type Named = Pick<PublishItemDto, 'releaseAt' | 'startAt' | 'endAt' | 'dueAt' | 'closesAfterDue'>;

/** The times that a request names; undefined for those that it does not. */
function timesOf({ releaseAt, startAt, endAt, dueAt, closesAfterDue }: Named) {
  return {
    releaseAt: timeOf(releaseAt),
    startAt: timeOf(startAt),
    endAt: timeOf(endAt),
    dueAt: timeOf(dueAt),
    closesAfterDue: closesAfterDue ?? undefined,
  };
}

function timesOfNew(named: Named): ItemTimes {
  const { releaseAt = null, startAt = null, endAt = null, dueAt = null, closesAfterDue = false } = timesOf(named);
  return { releaseAt, startAt, endAt, dueAt, closesAfterDue };
}

/** Paths of what lies in a folder, without it; of a single file its name. */
function within(chosen: string | undefined): (path: string) => string | undefined {
  if (chosen === undefined) return (path) => path;
  const folder = `${chosen.replace(/\/+$/, '')}/`;
  return (path) => {
    if (path === chosen) return path.slice(path.lastIndexOf('/') + 1);
    return path.startsWith(folder) ? path.slice(folder.length) : undefined;
  };
}
