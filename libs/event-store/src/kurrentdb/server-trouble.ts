/** What an error of the client or of a call means. */
import { InvalidArgument, StreamDeleted, Unavailable } from '../errors.js';

/** 'passing' is trouble with the connection or the server, after which the same call may succeed. */
export type Trouble = 'wrongVersion' | 'deleted' | 'notFound' | 'tooLarge' | 'denied' | 'refused' | 'passing';

/** By the client's `type`, which is also the protocol's `exception` header. What is not named here is 'passing'. */
const BY_TYPE: Readonly<Record<string, Trouble>> = {
  'wrong-expected-version': 'wrongVersion',
  'stream-deleted': 'deleted',
  'stream-tombstoned': 'deleted',
  'stream-not-found': 'notFound',
  'maximum-append-size-exceeded': 'tooLarge',
  'transaction-max-size-exceeded': 'tooLarge',
  'append-record-size-exceeded': 'tooLarge',
  'access-denied': 'denied',
  'invalid-argument': 'refused',
  unsupported: 'refused',
};

/** gRPC's numbers, for errors without a type. */
const BY_CODE: Readonly<Record<number, Trouble>> = { 3: 'refused', 7: 'denied', 12: 'refused', 16: 'denied' };

/**
 * Looks at properties rather than classes: Node's errors may come from another realm, and while the server is down the
 * client rejects with errors that it did not convert.
 */
export function troubleOf(error: unknown): Trouble {
  const { type, code } = (error ?? {}) as { readonly type?: unknown; readonly code?: unknown };
  const name = typeof type === 'string' ? type : exceptionOf(error);
  return BY_TYPE[name ?? ''] ?? (typeof code === 'number' ? BY_CODE[code] : undefined) ?? 'passing';
}

/** The fault for an error that a retry does not mend, or that was retried for long enough. */
export function faultOf(error: unknown, hosts: string, stream = ''): Error {
  const trouble = troubleOf(error);
  if (trouble === 'deleted') return new StreamDeleted(stream);
  const cause = { cause: error };
  if (trouble === 'denied')
    return new InvalidArgument(
      `The event store at ${hosts} refuses this user: check the user and rights of its URL.`,
      cause,
    );
  if (trouble === 'refused')
    return new InvalidArgument(`The event store at ${hosts} refuses this call: ${messageOf(error)}`, cause);
  return new Unavailable(`The event store at ${hosts} does not answer.`, cause);
}

function exceptionOf(error: unknown): string | undefined {
  const { metadata } = (error ?? {}) as { readonly metadata?: { get?(key: string): readonly unknown[] } };
  return metadata?.get?.('exception')[0]?.toString();
}

function messageOf(error: unknown): string {
  return (error as { readonly message?: unknown } | undefined)?.message?.toString() ?? 'no reason was given';
}
