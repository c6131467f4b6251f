/** Between the log of the in-process server and the messages of its protocol. */
import { Metadata, status, type StatusObject } from '@grpc/grpc-js';
import { shared, streams, type AppendReq, type BatchAppendReq, type ReadReq, type ReadResp } from '../protocol.js';
import {
  SERVER_APPEND_LIMIT,
  type ExpectedState,
  type LogRecord,
  type ProposedRecord,
  type WriteOutcome,
} from './memory-log.js';
import { any, statuses, type Status } from './server-protocol.js';

type Failure = Exclude<WriteOutcome, { kind: 'written' }>;

export function streamName(identifier: { getStreamName_asU8(): Uint8Array } | undefined): string {
  return Buffer.from(identifier?.getStreamName_asU8() ?? []).toString();
}

export function identifierOf(stream: string) {
  const identifier = new shared.StreamIdentifier();
  identifier.setStreamName(Uint8Array.from(Buffer.from(stream)));
  return identifier;
}

export function proposedRecord(message: AppendReq.ProposedMessage | BatchAppendReq.ProposedMessage): ProposedRecord {
  return {
    id: message.getId()?.getString() ?? '',
    type: message.getMetadataMap().get('type') ?? '',
    contentType: message.getMetadataMap().get('content-type') ?? '',
    data: message.getData_asU8(),
    metadata: message.getCustomMetadata_asU8(),
  };
}

/** Deletes, appends and batches say the same under names that differ a little. */
export function expectedState(
  options: { hasNoStream(): boolean; hasAny(): boolean; hasStreamExists(): boolean },
  revision: string,
): ExpectedState {
  if (options.hasNoStream()) return 'noStream';
  if (options.hasAny()) return 'any';
  return options.hasStreamExists() ? 'streamExists' : BigInt(revision);
}

export function eventMessage(record: LogRecord): ReadResp {
  const recorded = new streams.ReadResp.ReadEvent.RecordedEvent();
  const id = new shared.UUID();
  id.setString(record.id);
  recorded.setId(id);
  recorded.setStreamIdentifier(identifierOf(record.stream));
  recorded.setStreamRevision(record.revision.toString());
  recorded.setCommitPosition(record.position.toString());
  recorded.setPreparePosition(record.position.toString());
  const ticks = BigInt(record.created.getTime()) * 10_000n; // of 100 ns
  recorded.getMetadataMap().set('type', record.type).set('content-type', record.contentType);
  recorded.getMetadataMap().set('created', ticks.toString());
  recorded.setData(record.data);
  recorded.setCustomMetadata(record.metadata);
  const event = new streams.ReadResp.ReadEvent();
  event.setEvent(recorded);
  event.setCommitPosition(record.position.toString());
  const response = new streams.ReadResp();
  response.setEvent(event);
  return response;
}

export function checkpointMessage(position: bigint): ReadResp {
  const checkpoint = new streams.ReadResp.Checkpoint();
  checkpoint.setCommitPosition(position.toString());
  checkpoint.setPreparePosition(position.toString());
  const response = new streams.ReadResp();
  response.setCheckpoint(checkpoint);
  return response;
}

export function confirmationMessage(id: string): ReadResp {
  const confirmation = new streams.ReadResp.SubscriptionConfirmation();
  confirmation.setSubscriptionId(id);
  const response = new streams.ReadResp();
  response.setConfirmation(confirmation);
  return response;
}

export function caughtUpMessage(): ReadResp {
  const response = new streams.ReadResp();
  response.setCaughtUp(new streams.ReadResp.CaughtUp());
  return response;
}

export function notFoundMessage(stream: string): ReadResp {
  const notFound = new streams.ReadResp.StreamNotFound();
  notFound.setStreamIdentifier(identifierOf(stream));
  const response = new streams.ReadResp();
  response.setStreamNotFound(notFound);
  return response;
}

/** How a batch says that one of its appends failed. */
export function failureStatus(failure: Failure, stream: string): Status {
  const details = new any.Any();
  if (failure.kind === 'wrongVersion') {
    const wrong = new shared.WrongExpectedVersion();
    if (failure.actual !== undefined) wrong.setCurrentStreamRevision(failure.actual.toString());
    details.pack(wrong.serializeBinary(), 'event_store.client.WrongExpectedVersion');
  } else if (failure.kind === 'deleted') {
    const deleted = new shared.StreamDeleted();
    deleted.setStreamIdentifier(identifierOf(stream));
    details.pack(deleted.serializeBinary(), 'event_store.client.StreamDeleted');
  } else {
    const size = new shared.MaximumAppendSizeExceeded();
    size.setMaxappendsize(SERVER_APPEND_LIMIT);
    details.pack(size.serializeBinary(), 'event_store.client.MaximumAppendSizeExceeded');
  }
  const answer = new statuses.Status();
  answer.setDetails(details);
  return answer;
}

/** How a call of its own says it. */
export function failureError(failure: Failure, stream: string): Partial<StatusObject> {
  const metadata = new Metadata();
  metadata.set('stream-name', encodeURIComponent(stream)); // a header takes ASCII only
  if (failure.kind === 'deleted') metadata.set('exception', 'stream-deleted');
  if (failure.kind === 'tooLarge') {
    metadata.set('exception', 'maximum-append-size-exceeded');
    metadata.set('maximum-append-size', String(SERVER_APPEND_LIMIT));
  }
  if (failure.kind === 'wrongVersion') {
    metadata.set('exception', 'wrong-expected-version');
    metadata.set('expected-version', '-2');
    if (failure.actual !== undefined) metadata.set('actual-version', failure.actual.toString());
  }
  return { code: status.FAILED_PRECONDITION, details: failure.kind, metadata };
}

/** Does the filter of a read or a subscription let the record through? */
export function passes(options: ReadReq.Options, record: LogRecord): boolean {
  const filter = options.getFilter();
  if (!filter) return true;
  const byStream = filter.hasStreamIdentifier();
  const expression = byStream ? filter.getStreamIdentifier() : filter.getEventType();
  const text = byStream ? record.stream : record.type;
  const prefixes = expression?.getPrefixList() ?? [];
  if (prefixes.length > 0) return prefixes.some((prefix) => text.startsWith(prefix));
  return new RegExp(expression?.getRegex() ?? '').test(text);
}
