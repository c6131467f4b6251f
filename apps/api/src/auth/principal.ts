import type { Actor, Role, Via } from '@palimpsest/domain';
import type { Request } from 'express';
import type { CommandContext } from '../commands/context.js';

/** The person behind a request, as the session says. */
export interface Principal {
  readonly userId: string;
  readonly sessionId: string;
  readonly username: string;
  readonly displayName: string;
  readonly role: Role;
  /** Signed in with a password that somebody else knew: nothing but changing it is allowed. */
  readonly mustChangePassword: boolean;
}

export interface AuthenticatedRequest extends Request {
  principal?: Principal;
}

function actorOf(principal: Principal, via: Via): Actor {
  return { id: principal.userId, role: principal.role, via };
}

/** Metadata for what this person does. */
export function contextOf(
  principal: Principal,
  via: Via,
  more: Omit<CommandContext, 'actor' | 'session'> = {},
): CommandContext {
  return { actor: actorOf(principal, via), session: principal.sessionId, ...more };
}
