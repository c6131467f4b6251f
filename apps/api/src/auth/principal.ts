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
  /** The request showed its token by itself, as programs do; a browser has it in a cookie. */
  readonly isProgram?: boolean;
}

export interface AuthenticatedRequest extends Request {
  principal?: Principal;
}

function actorOf({ userId, role, isProgram }: Principal, via: Via): Actor {
  return { id: userId, role, via: via === 'web' && isProgram ? 'api' : via };
}

/** Metadata for what this person does. What a program does by the routes of the page is told from the page. */
export function contextOf(
  principal: Principal,
  via: Via,
  more: Omit<CommandContext, 'actor' | 'session'> = {},
): CommandContext {
  return { actor: actorOf(principal, via), session: principal.sessionId, ...more };
}
