import { type Decider, fold, type RejectionCode } from './decider.js';

/** Given these events, when this command: what then? For the specs of deciders. */
export function scenario<State, Command, Event>(decider: Decider<State, Command, Event>) {
  return {
    given(...past: readonly Event[]) {
      const when = (command: Command) => decider.decide(command, fold(decider, past));
      return {
        /** The events that follow; throws when the command is refused. */
        when(command: Command): readonly Event[] {
          const decision = when(command);
          if (!decision.accepted) throw new Error(`refused: ${decision.rejection.code} ${decision.rejection.message}`);
          return decision.events;
        },
        /** The code of the refusal; throws when the command is accepted. */
        refused(command: Command): RejectionCode {
          const decision = when(command);
          if (decision.accepted) throw new Error(`accepted: ${JSON.stringify(decision.events)}`);
          return decision.rejection.code;
        },
      };
    },
  };
}
