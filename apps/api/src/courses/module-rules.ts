import { Inject, Injectable } from '@nestjs/common';
import {
  type CourseEvent,
  courseDecider,
  type CourseState,
  fold,
  readEvent,
  refusedModules,
  type RestrictedModule,
  streamOf,
  type CourseId,
} from '@palimpsest/domain';
import { type EventStore, StreamNotFound } from '@palimpsest/event-store';
import type { Configuration } from '../configuration.js';
import { CONFIGURATION, EVENT_STORE } from '../platform/tokens.js';

interface Known {
  readonly state: CourseState;
  /** The revision to read next. */
  readonly next: bigint;
}

/** Courses whose state is kept between questions. */
const MOST_KNOWN = 1000;

/**
 * What a course refuses to its students' programs, from the log itself: a professor who has just allowed something expects the next
 * run to have it. A course's stream only grows, so each question reads what is new since the last.
 */
@Injectable()
export class ModuleRules {
  readonly #known = new Map<CourseId, Known>();

  constructor(
    @Inject(EVENT_STORE) private readonly store: EventStore,
    @Inject(CONFIGURATION) private readonly configuration: Configuration,
  ) {}

  /** As it is now; undefined if there is no such course. */
  async refusedIn(course: CourseId): Promise<readonly RestrictedModule[] | undefined> {
    const state = await this.#stateOf(course);
    return state.exists ? refusedModules(this.configuration.refusedModules, state.modules) : undefined;
  }

  /** What the course has decided on itself. */
  async decidedIn(course: CourseId): Promise<ReadonlyMap<RestrictedModule, boolean>> {
    return (await this.#stateOf(course)).modules;
  }

  async #stateOf(course: CourseId): Promise<CourseState> {
    let { state, next } = this.#known.get(course) ?? { state: courseDecider.initial, next: 0n };
    try {
      for await (const recorded of this.store.readStream(streamOf.course(course), { from: next })) {
        state = fold(courseDecider, [readEvent(recorded) as CourseEvent], state);
        next = recorded.revision + 1n;
      }
    } catch (error) {
      if (!(error instanceof StreamNotFound)) throw error;
    }
    this.#keep(course, { state, next });
    return state;
  }

  #keep(course: CourseId, known: Known): void {
    if (known.next === 0n || known.next < (this.#known.get(course)?.next ?? 0n)) return;
    this.#known.delete(course);
    this.#known.set(course, known);
    const [oldest] = this.#known.keys();
    if (this.#known.size > MOST_KNOWN && oldest !== undefined) this.#known.delete(oldest);
  }
}
