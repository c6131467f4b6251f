/** Who acts: a person's account, or the system itself (seeding, the executor, clean-up). */
export type Role = 'student' | 'assistant' | 'professor' | 'auditor' | 'admin';
export const ROLES: readonly Role[] = ['student', 'assistant', 'professor', 'auditor', 'admin'];

/**
 * The way by which something came: `web` is a request with the cookie of a browser, `api` one with a token, `cli` a command of
 * the operator.
 */
export type Via = 'web' | 'websocket' | 'api' | 'executor' | 'cli' | 'system';
export const ORIGINS: readonly Via[] = ['web', 'websocket', 'api', 'executor', 'cli', 'system'];

export interface Actor {
  /** A user's id, or `system`. */
  readonly id: string;
  readonly role: Role | 'system';
  readonly via: Via;
}

export const SYSTEM: Actor = { id: 'system', role: 'system', via: 'system' };

/** What accompanies every event. Stored as JSON; a missing part is left out. */
export interface EventMetadata {
  /** Schema version of the event's data. */
  readonly v: number;
  readonly actor: Actor;
  /** The person affected, when another than the actor. */
  readonly subject?: string;
  readonly session?: string;
  readonly connection?: string;
  readonly correlation?: string;
  readonly causation?: string;
  /** The client's clock, milliseconds since 1970; the server's is the store's `recordedAt`. A claim, not a fact. */
  readonly clientTime?: number;
  readonly course?: string;
  readonly workspace?: string;
  readonly file?: string;
  /** Where the request came from: the peer's address. */
  readonly address?: string;
}
