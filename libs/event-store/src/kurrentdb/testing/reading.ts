/** Read of the in-process server: pages of a stream or of the log, and subscriptions. */
import { randomUUID } from 'node:crypto';
import type { ServerWritableStream } from '@grpc/grpc-js';
import type { ReadReq, ReadResp } from '../protocol.js';
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
  const count = Number(options.getCount());
  let sent = 0;
  if (stream !== undefined && !log.visible(stream)) await send(call, notFoundMessage(stream));
  for (const record of stream === undefined ? wholeLog(log, options) : ofStream(log.visible(stream) ?? [], options)) {
    if (sent === count || gone(call)) break;
    if (stream === undefined && !passes(options, record)) continue;
    await send(call, eventMessage(record));
    sent++;
  }
  call.end();
}

function isBackwards(options: ReadReq.Options): boolean {
  return options.getReadDirection() === 1;
}

function ofStream(records: readonly LogRecord[], options: ReadReq.Options): readonly LogRecord[] {
  const place = placeOf(options);
  if (!isBackwards(options)) return records.filter(({ revision }) => revision >= place);
  return records.filter(({ revision }) => revision <= place).reverse();
}

/** Forwards a read includes the position that it names, backwards it does not. */
function* wholeLog({ records }: MemoryLog, options: ReadReq.Options): Generator<LogRecord> {
  const step = isBackwards(options) ? -1 : 1;
  let next = firstFrom(records, placeOf(options)) - (step < 0 ? 1 : 0);
  for (; next >= 0 && next < records.length; next += step) {
    const record = records[next];
    if (record) yield record;
  }
}

/** Index of the first record at or behind a position. By halving: suites that share a log make it long. */
function firstFrom(records: readonly LogRecord[], position: bigint): number {
  let [low, high] = [0, records.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((records[middle]?.position ?? 0n) < position) low = middle + 1;
    else high = middle;
  }
  return low;
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
  let next = place === END ? log.records.length : stream === undefined ? firstFrom(log.records, place) : 0;
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
  const events = ['drain', 'cancelled', 'close', 'error'];
  await new Promise<void>((resolve) => {
    const go = () => {
      for (const event of events) call.off(event, go);
      resolve();
    };
    for (const event of events) call.on(event, go);
  });
}
