/**
 * The connection to the server, and the one call that this adapter makes past the client's methods: Read.
 *
 * The client reads through a native library that drops the milliseconds of an event's time (measured with 1.3.1), and its
 * conversion parses JSON, so that bytes are lost. Therefore Read is called here with the client's own generated messages,
 * on the client's own channel and credentials, and its answers are decoded by event-codec.ts. Those three members of the
 * client are protected, which is why the version in package.json is exact; `rawAccess` says so if they ever go.
 */
import { setMaxListeners } from 'node:events';
import type { CallOptions, ClientReadableStream, Metadata } from '@grpc/grpc-js';
import type { KurrentDBClient } from '@kurrent/kurrentdb-client';
import { Unavailable } from '../errors.js';
import { pause } from '../abort.js';
import type { ServerAddress } from './connection-string.js';
import { faultOf, troubleOf } from './server-trouble.js';
import type { ReadReq, ReadResp, StreamsClient } from './protocol.js';
import type { ReadMessages } from './read-request.js';

/**
 * For every call: a follower of a cluster may not have yet what the leader acknowledged, and a read must. A node that is not
 * the leader refuses, names the leader, and the client goes there before the next attempt.
 */
export const AT_THE_LEADER = { requiresLeader: true } as const;

type ReadCall = ClientReadableStream<ReadResp>;

interface RawAccess {
  readonly getChannel: () => Promise<{ close(): void }>;
  readonly callArguments: (options: object, callOptions: Partial<CallOptions>) => [Metadata, Partial<CallOptions>];
  readonly GRPCStreamCreator: (
    service: typeof StreamsClient,
    name: string,
    create: (client: StreamsClient) => ReadCall,
  ) => () => Promise<ReadCall>;
}

interface Loaded {
  readonly client: KurrentDBClient;
  readonly raw: RawAccess;
  readonly service: typeof StreamsClient;
  readonly messages: ReadMessages;
}

export class Connection {
  readonly hosts: string;
  /** Aborted by `close`: ends subscriptions and everything that waits for a retry. */
  readonly closing = new AbortController();
  private loaded: Promise<Loaded> | undefined;

  constructor(
    private readonly address: ServerAddress,
    /** Milliseconds that a call is retried through trouble before Unavailable. */
    readonly unavailableAfterMs: number,
  ) {
    this.hosts = address.hosts;
    setMaxListeners(0, this.closing.signal); // every call that waits for a retry listens, for as long as it waits
  }

  async client(): Promise<KurrentDBClient> {
    return (await this.load()).client;
  }

  /** One Read. Ends when the server has given everything, or when the consumer leaves; a subscription never ends itself. */
  async *read(build: (messages: ReadMessages) => ReadReq, signal?: AbortSignal): AsyncGenerator<ReadResp> {
    const { raw, service, messages } = await this.load();
    signal?.throwIfAborted();
    const request = build(messages);
    const open = raw.GRPCStreamCreator(service, 'read', (client) =>
      client.read(request, ...raw.callArguments(AT_THE_LEADER, { deadline: Infinity })),
    );
    const call = await open();
    call.on('error', () => undefined); // a cancelled call may say so after everybody has left
    const cancel = () => call.cancel();
    signal?.addEventListener('abort', cancel, { once: true });
    try {
      if (!signal?.aborted) for await (const response of call) yield response as ReadResp;
      signal?.throwIfAborted();
    } catch (error) {
      signal?.throwIfAborted();
      throw error;
    } finally {
      // Without it the server goes on sending, and counts the call among those that a connection may have.
      call.cancel();
      signal?.removeEventListener('abort', cancel);
    }
  }

  /** Calls again through passing trouble, with growing pauses; then throws a fault. Ends early when the store is closed. */
  async retrying<T>(call: (attempt: number) => Promise<T>, stream?: string, signal?: AbortSignal): Promise<T> {
    const deadline = performance.now() + this.unavailableAfterMs;
    for (let attempt = 0; ; attempt++) {
      try {
        return await call(attempt);
      } catch (error) {
        signal?.throwIfAborted();
        await this.pauseOrThrow(error, attempt, deadline, stream);
      }
    }
  }

  /** The end of a failed attempt: returns if there may be another. */
  async pauseOrThrow(error: unknown, attempt: number, deadline: number, stream?: string): Promise<void> {
    if (isFault(error)) throw error;
    this.checkOpen();
    const wait = Math.min(1000, 25 * 2 ** attempt);
    if (troubleOf(error) !== 'passing' || performance.now() + wait > deadline) throw faultOf(error, this.hosts, stream);
    await pause(wait, this.closing.signal).catch(() => undefined);
    this.checkOpen();
  }

  checkOpen(): void {
    if (this.closing.signal.aborted) throw new Unavailable('The event store is closed.');
  }

  async close(): Promise<void> {
    if (!this.loaded) return;
    const { client, raw } = await this.loaded;
    await client.dispose();
    const channel = await raw.getChannel().catch(() => undefined); // opening it may be what failed
    channel?.close();
  }

  private load(): Promise<Loaded> {
    this.loaded ??= load(this.address.connectionString);
    return this.loaded;
  }
}

/** Imported when it is first used: the package loads a native library, which a store in Postgres must not depend on. */
async function load(connectionString: string): Promise<Loaded> {
  const [{ KurrentDBClient }, { services, shared, streams }] = await Promise.all([
    import('@kurrent/kurrentdb-client'),
    import('./protocol.js'),
  ]);
  const client = KurrentDBClient.connectionString(connectionString);
  return {
    client,
    raw: rawAccess(client),
    service: services.StreamsClient,
    messages: { ReadReq: streams.ReadReq, Empty: shared.Empty, StreamIdentifier: shared.StreamIdentifier },
  };
}

function rawAccess(client: object): RawAccess {
  const raw = client as RawAccess;
  if (![raw.getChannel, raw.callArguments, raw.GRPCStreamCreator].every((member) => typeof member === 'function'))
    throw new Error('This version of @kurrent/kurrentdb-client is not the one that connection.ts was written for.');
  return raw;
}

function isFault(error: unknown): boolean {
  return (error as { readonly retryable?: unknown } | undefined)?.retryable !== undefined;
}
