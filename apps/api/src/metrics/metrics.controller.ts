import { Controller, Get, NotFoundException, Query, Req, Res } from '@nestjs/common';
import { ID_PATTERN } from '@palimpsest/domain';
import { type DayRange, DirectoryQueries, MetricsQueries, ReadModels } from '@palimpsest/projections';
import {
  CourseMetricsDto,
  MetricsQueryDto,
  OwnMetricsDto,
  PersonMetricsDto,
  StudentMetricsDto,
  StudentMetricsQueryDto,
} from '@palimpsest/protocol';
import type { Request, Response } from 'express';
import { Looks } from '../audit/looks.js';
import { addressOf } from '../auth/address.js';
import { Person } from '../auth/auth.guard.js';
import { contextOf, type Principal } from '../auth/principal.js';
import { Answers, Asks, PathId } from '../platform/api-description.js';
import { decodeCursor, linkNext, pageOf } from '../platform/paging.js';
import { invalidRequest } from '../platform/problem.js';
import { waitFor } from '../platform/wait-for.js';
import { Access } from '../policies/access.js';
import { ItemAccess } from '../policies/item-access.js';
import { dayDto, figuresDto, ownDto, studentDto } from './metrics-dto.js';

/** Days of an answer if nobody says which: four weeks with today. */
const DEFAULT_DAYS = 28;
/** Names of each kind in an answer. */
const MOST_NAMES = 20;
const DAY_MS = 86_400_000;

const NOBODY = 'There is nobody of this id in the course.';

/** Figures about the work in a course, for those who teach it and, about themselves, for its students. */
@Controller('api')
export class MetricsController {
  constructor(
    private readonly access: ItemAccess,
    private readonly queries: MetricsQueries,
    private readonly directory: DirectoryQueries,
    private readonly readModels: ReadModels,
    private readonly looks: Looks,
  ) {}

  /** The class as a whole. */
  @Get('courses/:id/metrics')
  @Access('metrics.class')
  @Asks(MetricsQueryDto)
  @Answers(CourseMetricsDto)
  async ofCourse(
    @Person() person: Principal,
    @PathId('id') course: string,
    @Query() query: MetricsQueryDto,
  ): Promise<CourseMetricsDto> {
    const range = rangeOf(query);
    await waitFor(this.readModels, 'metrics', query.after);
    await this.access.requireCourse(person, course, 'metrics.class');
    const [{ people, ...figures }, days, named] = await Promise.all([
      this.queries.ofClass(course, range),
      this.queries.daysOfClass(course, range),
      this.queries.namedOfClass(course, range, MOST_NAMES),
    ]);
    return { ...range, people, figures: figuresDto(figures), days: days.map(dayDto), named };
  }

  /** Every student, by name. */
  @Get('courses/:id/metrics/people')
  @Access('metrics.class')
  @Asks(StudentMetricsQueryDto)
  @Answers(StudentMetricsDto, { list: true })
  async ofStudents(
    @Person() person: Principal,
    @PathId('id') course: string,
    @Query() query: StudentMetricsQueryDto,
    @Req() request: Request,
    @Res({ passthrough: true }) response: Response,
  ): Promise<StudentMetricsDto[]> {
    const range = rangeOf(query);
    const [after] = decodeCursor(query.cursor, [ID_PATTERN]) ?? [];
    await waitFor(this.readModels, 'metrics', query.after);
    await this.access.requireCourse(person, course, 'metrics.class');
    const page = await pageOf(
      query.limit,
      (most) => this.queries.students(course, range, most, after),
      (row) => [row.person],
    );
    linkNext(request, response, 'cursor', page.next);
    return page.rows.map(studentDto);
  }

  /** One person. A look at somebody else's figures is recorded before it is granted. */
  @Get('courses/:id/metrics/people/:person')
  @Access('metrics.person')
  @Asks(MetricsQueryDto)
  @Answers(PersonMetricsDto)
  async ofPerson(
    @Person() asker: Principal,
    @PathId('id') course: string,
    @PathId('person') person: string,
    @Query() query: MetricsQueryDto,
    @Req() request: Request,
  ): Promise<PersonMetricsDto> {
    const range = rangeOf(query);
    await waitFor(this.readModels, 'metrics', query.after);
    await this.access.requireCourse(asker, course, 'metrics.person', person);
    if (person !== asker.userId) await this.#noteLook(asker, course, person, request);
    const [{ lastAt, ...figures }, days, named] = await Promise.all([
      this.queries.ofPerson(course, person, range),
      this.queries.daysOfPerson(course, person, range),
      this.queries.namedOfPerson(course, person, range, MOST_NAMES),
    ]);
    const lastSeenAt = lastAt?.toISOString() ?? null;
    return { ...range, person, lastSeenAt, figures: figuresDto(figures), days: days.map(dayDto), named };
  }

  /** One's own, in every course. */
  @Get('me/metrics')
  @Access('self')
  @Asks(MetricsQueryDto)
  @Answers(OwnMetricsDto, { list: true })
  async own(@Person() { userId }: Principal, @Query() query: MetricsQueryDto): Promise<OwnMetricsDto[]> {
    const range = rangeOf(query);
    await waitFor(this.readModels, 'metrics', query.after);
    return (await this.queries.coursesOf(userId, range)).map(ownDto);
  }

  async #noteLook(asker: Principal, course: string, person: string, request: Request): Promise<void> {
    if ((await this.directory.courseRole(course, person)) === undefined) throw new NotFoundException(NOBODY);
    const event = { type: 'MetricsViewed', data: { course, person } } as const;
    await this.looks.note(event, contextOf(asker, 'web', { course, subject: person, address: addressOf(request) }));
  }
}

/** Throws Problem for days in the wrong order. */
function rangeOf({ from, to }: Pick<MetricsQueryDto, 'from' | 'to'>): DayRange {
  const last = to ?? dayOf(Date.now());
  const first = from ?? dayOf(Date.parse(last) - (DEFAULT_DAYS - 1) * DAY_MS);
  if (first > last) throw invalidRequest([{ field: 'from', problem: 'must not be a later day than "to"' }]);
  return { from: first, to: last };
}

function dayOf(ms: number): string {
  return new Date(ms).toISOString().slice(0, 10);
}
