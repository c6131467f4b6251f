import { NotFoundException } from '@nestjs/common';
import type { CommandContext } from '../commands/context.js';

/** What somebody wanted and was refused. */
export interface Attempt {
  /** Completes "may not": `read the audit log`. Few different ones: refusals of the same are put together. */
  readonly what: string;
  /** What people call the object. */
  readonly object: string;
  /** Whose it is, and where. */
  readonly about?: Pick<CommandContext, 'subject' | 'course' | 'workspace' | 'file'>;
}

/** Beside the errors, not in them: what a refusal was about must not get into an answer. */
const ATTEMPTS = new WeakMap<Error, Attempt>();

/** The error, marked as the refusal of an attempt: whoever answers it records that. */
export function refusing<Refusal extends Error>(error: Refusal, attempt: Attempt): Refusal {
  ATTEMPTS.set(error, attempt);
  return error;
}

/** The attempt that an error is the refusal of. */
export function attemptOf(error: unknown): Attempt | undefined {
  return error instanceof Error ? ATTEMPTS.get(error) : undefined;
}

/**
 * Throws the error on; one that says "not there" with another sentence, since the first would tell that there is something
 * which leads to it.
 */
export function hiddenAs(sentence: string): (error: unknown) => never {
  return (error) => {
    if (!(error instanceof NotFoundException)) throw error;
    const hidden = new NotFoundException(sentence);
    const attempt = attemptOf(error);
    throw attempt ? refusing(hidden, attempt) : hidden;
  };
}
