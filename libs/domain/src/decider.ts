/** A business refusal: decided, stable, not a fault. `code` is part of the API and never changes; `message` is for a person. */
export interface Rejection {
  readonly code: RejectionCode;
  readonly message: string;
}

/**
 * Every reason for which a decider may say no. The api maps each to one HTTP status, and the compiler checks that the map
 * is complete.
 */
export type RejectionCode =
  | 'already-exists'
  | 'not-found'
  | 'not-allowed'
  | 'invalid-path'
  | 'path-taken'
  | 'invalid-value'
  | 'not-active'
  | 'last-administrator'
  | 'run-ended'
  | 'run-not-started'
  | 'too-large';

/** What a decider answers: the events that happen (none: the state is already as wanted), or why not. */
export type Decision<Event> =
  | { readonly accepted: true; readonly events: readonly Event[] }
  | { readonly accepted: false; readonly rejection: Rejection };

/**
 * One kind of stream: how its state follows from its events and what a command does to it. Pure: no clock, no randomness;
 * ids and times arrive inside commands.
 */
export interface Decider<State, Command, Event> {
  readonly initial: State;
  evolve(state: State, event: Event): State;
  decide(command: Command, state: State): Decision<Event>;
}

export function accept<Event>(...events: readonly Event[]): Decision<Event> {
  return { accepted: true, events };
}

export function reject<Event>(code: RejectionCode, message: string): Decision<Event> {
  return { accepted: false, rejection: { code, message } };
}

/** The state after `events`, from the beginning. */
export function fold<State, Command, Event>(
  decider: Decider<State, Command, Event>,
  events: Iterable<Event>,
  from: State = decider.initial,
): State {
  let state = from;
  for (const event of events) state = decider.evolve(state, event);
  return state;
}
