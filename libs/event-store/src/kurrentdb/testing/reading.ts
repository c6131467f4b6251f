/** Read of the in-process server: pages of a stream or of the log, and subscriptions. */
import { randomUUID } from 'node:crypto';
import type { ServerWritableStream } from '@grpc/grpc-js';
import type { ReadReq, ReadResp } from '@kurrent/kurrentdb-client/generated/kurrentdb/protocols/v1/streams_pb.js';
import type { LogRecord, MemoryLog } from './memory-log.js';
import {
  caughtUpMessage,
  checkpointMessage,
  confirmationMessage,
  eventMessage,
  failureError,
  notFoundMessage,
  passes,
  streamName,
} from './messages.js';

type ReadCall = ServerWritableStream<ReadReq, ReadResp>;

export async function read(log: MemoryLog, call: ReadCall): Promise<void> {
  const options = call.request.getOptions();
  if (!options) return void call.end();
  const stream = options.hasStream() ? streamName(options.getStream()?.getStreamIdentifier()) : undefined;
  if (stream !== undefined && log.isTombstoned(stream))
    return void call.emit('error', failureError({ kind: 'deleted' }, stream));
  if (options.hasSubscription()) return follow(log, call, options, stream);
  const records = stream === undefined ? log.records.filter((one) => passes(options, one)) : log.visible(stream);
  if (!records) await send(call, notFoundMessage(stream ?? ''));
  for (const one of records ? page(records, options) : []) await send(call, eventMessage(one));
  call.end();
}

/** Forwards a read includes the place that it names, backwards in the log it does not. */
function page(records: readonly LogRecord[], options: ReadReq.Options): readonly LogRecord[] {
  const backwards = options.getReadDirection() === 1;
  const count = Number(options.getCount());
  const place = placeOf(options);
  const inRange = (one: LogRecord) => {
    const at = options.hasStream() ? one.revision : one.position;
    if (!backwards) return at >= place;
    return options.hasStream() ? at <= place : at < place;
  };
  const chosen = records.filter(inRange);
  return (backwards ? chosen.reverse() : chosen).slice(0, count);
}

const END = 2n ** 64n;

function placeOf(options: ReadReq.Options): bigint {
  const place = options.getStream() ?? options.getAll();
  if (place?.hasEnd()) return END;
  if (place?.hasStart()) return 0n;
  return BigInt(options.getStream()?.getRevision() ?? options.getAll()?.getPosition()?.getCommitPosition() ?? 0);
}

/** A subscription's place is exclusive. Goes through the log from its place on and waits at its end. */
async function follow(
  log: MemoryLog,
  call: ReadCall,
  options: ReadReq.Options,
  stream: string | undefined,
): Promise<void> {
  const place = placeOf(options);
  const fromStart = options.getStream()?.hasStart() || options.getAll()?.hasStart();
  let next = place === END ? log.records.length : 0;
  let wake: () => void = () => undefined;
  const unwatch = log.watch(() => wake());
  call.on('cancelled', () => wake());
  call.on('close', () => wake());
  const behind = (one: LogRecord) => fromStart || (stream === undefined ? one.position : one.revision) > place;
  const filter = options.getFilter();
  const interval = filter?.hasMax() ? filter.getMax() * filter.getCheckpointintervalmultiplier() : Infinity;
  let processed = 0;
  await send(call, confirmationMessage(randomUUID()));
  const history = stream === undefined ? undefined : new Set(log.visible(stream) ?? []);
  const historyEnd = log.records.length;
  try {
    for (let told = false; !gone(call);) {
      const record = log.records[next];
      if (!record) {
        if (!told) await send(call, caughtUpMessage());
        told = true;
        if (log.records.length > next) continue; // written while that was sent
        await new Promise<void>((resolve) => (wake = resolve));
        continue;
      }
      next++;
      if (stream !== undefined && record.stream !== stream) continue;
      if (record.type === '$streamDeleted' && stream !== undefined)
        return void call.emit('error', failureError({ kind: 'deleted' }, stream));
      if (next <= historyEnd && history && !history.has(record)) continue;
      if (!behind(record) && place !== END) continue;
      processed++;
      if (stream !== undefined || passes(options, record)) await send(call, eventMessage(record));
      if (processed % interval === 0) await send(call, checkpointMessage(record.position));
    }
  } finally {
    unwatch();
  }
}

function gone(call: ReadCall): boolean {
  return call.cancelled || call.destroyed;
}

async function send(call: ReadCall, message: ReadResp): Promise<void> {
  if (gone(call) || call.write(message)) return;
  await new Promise<void>((resolve) => {
    for (const event of ['drain', 'cancelled', 'close', 'error']) call.once(event, () => resolve());
  });
}
