import type { Actor, EventMetadata } from '@palimpsest/domain';

/** On whose behalf something is written, and what belongs to it: the metadata of the events apart from their version. */
export type CommandContext = Omit<EventMetadata, 'v'>;

/** A context for what whoever has the machine does by a command. */
export function operatorContext(more: Partial<CommandContext> = {}): CommandContext {
  return { actor: { id: 'system', role: 'system', via: 'cli' }, ...more };
}

/** A context for what the system does by itself. */
export function systemContext(more: Partial<CommandContext> = {}): CommandContext {
  const actor: Actor = { id: 'system', role: 'system', via: 'system' };
  return { actor, ...more };
}
