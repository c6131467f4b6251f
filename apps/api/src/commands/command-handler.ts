import { Inject, Injectable } from '@nestjs/common';
import { type Decider, type DomainEvent, encodeEvent, fold, readEvent } from '@palimpsest/domain';
import {
  type EventStore,
  type Expected,
  type NewEvent,
  type Position,
  StreamNotFound,
  WrongExpectedVersion,
} from '@palimpsest/event-store';
import { EVENT_STORE } from '../platform/tokens.js';
import { type EventIds, eventIds } from './command-identity.js';
import type { CommandContext } from './context.js';
import { Rejected } from './rejected.js';

export interface Executed<State, Event> {
  readonly state: State;
  readonly events: readonly Event[];
  /** Place of the last event in the log; null when there was nothing to change. */
  readonly position: Position | null;
}

/** Lost races before giving up. Each one means that another writer got through, so more is a sign of a fault. */
const MAX_ATTEMPTS = 40;

/** Events in one append of many: an append has at most a megabyte. */
const MAX_TOGETHER = 200;

/** Events as they are appended, each with an id of its own. */
export function newEvents(
  events: readonly DomainEvent[],
  context: CommandContext,
  ids: EventIds = eventIds('events'),
): NewEvent[] {
  return events.map((event, index) => ({ id: ids.at(index), ...encodeEvent(event, context) }));
}

/** What a stream holds of an append that is repeated. */
interface Repeated<Event> {
  readonly events: readonly Event[];
  readonly position: Position;
}

/** The one write path for decisions: load, upcast, fold, decide, append; again when another writer was faster. */
@Injectable()
export class CommandHandler {
  constructor(@Inject(EVENT_STORE) private readonly store: EventStore) {}

  /** Decides `command` on the newest state of `stream` and appends what follows. Throws Rejected for a refusal. */
  async execute<State, Command, Event extends DomainEvent>(
    stream: string,
    decider: Decider<State, Command, Event>,
    command: Command,
    context: CommandContext,
  ): Promise<Executed<State, Event>> {
    const ids = eventIds(stream);
    for (let attempt = 1; ; attempt++) {
      const { state, expected, repeated } = await this.load(stream, decider, ids);
      if (repeated) return { state, ...repeated };
      try {
        return await this.decideOn(stream, decider, command, state, expected, context, ids);
      } catch (error) {
        if (!(error instanceof WrongExpectedVersion) || attempt >= MAX_ATTEMPTS) throw error;
      }
    }
  }

  /**
   * Decides many commands on one stream, each on what the one before left behind, and each with metadata of its own. They are
   * appended in a few pieces: a crash in between leaves a beginning, and the same again goes on from there. Returns the
   * place of the last event; null when there was nothing to change. Throws Rejected for the first refusal.
   */
  async executeAll<State, Command, Event extends DomainEvent>(
    stream: string,
    decider: Decider<State, Command, Event>,
    commands: readonly { readonly command: Command; readonly context: CommandContext }[],
  ): Promise<Position | null> {
    for (let attempt = 1; ; attempt++) {
      const loaded = await this.load(stream, decider);
      let { state, expected } = loaded;
      const events: NewEvent[] = [];
      for (const { command, context } of commands) {
        const decision = decider.decide(command, state);
        if (!decision.accepted) throw new Rejected(decision.rejection);
        events.push(...newEvents(decision.events, context));
        state = fold(decider, decision.events, state);
      }
      try {
        let position: Position | null = null;
        for (let from = 0; from < events.length; from += MAX_TOGETHER) {
          const piece = events.slice(from, from + MAX_TOGETHER);
          const appended = await this.store.append(stream, piece, { expected });
          [position, expected] = [appended.position, appended.revision];
        }
        return position;
      } catch (error) {
        if (!(error instanceof WrongExpectedVersion) || attempt >= MAX_ATTEMPTS) throw error;
      }
    }
  }

  /** State of `stream` and the revision to expect there; `repeated`: what it has of the append with these ids. */
  async load<State, Command, Event extends DomainEvent>(
    stream: string,
    decider: Decider<State, Command, Event>,
    ids?: EventIds,
  ): Promise<{ state: State; expected: Expected; repeated: Repeated<Event> | undefined }> {
    let state = decider.initial;
    let expected: Expected = 'noStream';
    const events: Event[] = [];
    let position: Position | undefined;
    try {
      for await (const recorded of this.store.readStream(stream)) {
        const event = readEvent(recorded) as Event;
        state = fold(decider, [event], state);
        expected = recorded.revision;
        if (!ids?.repeatable || recorded.id !== ids.at(events.length)) continue;
        events.push(event);
        ({ position } = recorded);
      }
    } catch (error) {
      if (!(error instanceof StreamNotFound)) throw error;
    }
    return { state, expected, repeated: position === undefined ? undefined : { events, position } };
  }

  /** The second half of `execute`, for callers that follow the stream and so know its state. */
  async decideOn<State, Command, Event extends DomainEvent>(
    stream: string,
    decider: Decider<State, Command, Event>,
    command: Command,
    state: State,
    expected: Expected,
    context: CommandContext,
    ids: EventIds = eventIds(stream),
  ): Promise<Executed<State, Event>> {
    const decision = decider.decide(command, state);
    if (!decision.accepted) throw new Rejected(decision.rejection);
    if (decision.events.length === 0) return { state, events: [], position: null };
    const { position } = await this.store.append(stream, newEvents(decision.events, context, ids), { expected });
    return { state: fold(decider, decision.events, state), events: decision.events, position };
  }

  /** Appends events that record something and decide nothing. Returns their place in the log. */
  async record(stream: string, events: readonly DomainEvent[], context: CommandContext): Promise<Position> {
    const ids = eventIds(`${stream} ${events.map(({ type }) => type).join(' ')}`);
    return (await this.store.append(stream, newEvents(events, context, ids), { expected: 'any' })).position;
  }
}
