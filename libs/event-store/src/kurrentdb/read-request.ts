/** The requests of Read, from the port's words. */
import type { Filter } from '../event-store.js';
import type { LogPosition } from './log-position.js';
import type { ReadReq, shared, streams } from './protocol.js';

/** The generated classes, which are loaded lazily. */
export interface ReadMessages {
  readonly ReadReq: typeof streams.ReadReq;
  readonly Empty: typeof shared.Empty;
  readonly StreamIdentifier: typeof shared.StreamIdentifier;
}

export type Build = (messages: ReadMessages) => ReadReq;
export type Count = number | 'live';

const FORWARDS = 0;
const BACKWARDS = 1;
/** No stream of the server, nor `$$` metadata. */
const USER_STREAMS = '^[^$]';

interface Request {
  readonly direction?: 'forwards' | 'backwards';
  /** Events at most, or 'live' for a subscription. */
  readonly count: Count;
}

export function streamRequest(stream: string, from: bigint | 'start' | 'end', request: Request): Build {
  return (messages) => {
    const place = new messages.ReadReq.Options.StreamOptions();
    const identifier = new messages.StreamIdentifier();
    identifier.setStreamName(Uint8Array.from(Buffer.from(stream)));
    place.setStreamIdentifier(identifier);
    if (from === 'start') place.setStart(new messages.Empty());
    else if (from === 'end') place.setEnd(new messages.Empty());
    else place.setRevision(from.toString());
    const options = baseOptions(messages, request);
    options.setStream(place);
    options.setNoFilter(new messages.Empty());
    return wrapped(messages, options);
  };
}

export function logRequest(
  from: LogPosition | 'start' | 'end',
  filter: Filter | undefined,
  request: Request,
  exactly?: string,
): Build {
  return (messages) => {
    const place = new messages.ReadReq.Options.AllOptions();
    if (from === 'start') place.setStart(new messages.Empty());
    else if (from === 'end') place.setEnd(new messages.Empty());
    else {
      const position = new messages.ReadReq.Options.Position();
      position.setCommitPosition(from.commit.toString());
      position.setPreparePosition(from.prepare.toString());
      place.setPosition(position);
    }
    const options = baseOptions(messages, request);
    options.setAll(place);
    options.setFilter(filterOptions(messages, filter, request.count, exactly));
    return wrapped(messages, options);
  };
}

/**
 * The server filters by streams or by types, not by both: the streams go first, as the rarer, and the reader checks every
 * event again. In a subscription the server looks at one event at a time and reports each that it passed over, so that a
 * checkpoint is never behind by more than what is under way.
 */
function filterOptions(messages: ReadMessages, filter: Filter | undefined, count: Count, exactly: string | undefined) {
  const expression = new messages.ReadReq.Options.FilterOptions.Expression();
  const options = new messages.ReadReq.Options.FilterOptions();
  const { streamPrefixes = [], typePrefixes = [] } = filter ?? {};
  if (exactly !== undefined) expression.setRegex(`^${exactly.replace(/[\\^$.*+?()[\]{}|#\s-]/g, '\\$&')}$`);
  else if (streamPrefixes.length > 0) expression.setPrefixList([...streamPrefixes]);
  else if (typePrefixes.length > 0) expression.setPrefixList([...typePrefixes]);
  else expression.setRegex(USER_STREAMS);
  if (exactly === undefined && streamPrefixes.length === 0 && typePrefixes.length > 0) options.setEventType(expression);
  else options.setStreamIdentifier(expression);
  if (count === 'live') options.setMax(1);
  else options.setCount(new messages.Empty());
  options.setCheckpointintervalmultiplier(1);
  return options;
}

function baseOptions(messages: ReadMessages, { count, direction = 'forwards' }: Request): ReadReq.Options {
  const { Options } = messages.ReadReq;
  const options = new Options();
  const ids = new Options.UUIDOption();
  ids.setString(new messages.Empty());
  options.setUuidOption(ids);
  options.setReadDirection(direction === 'forwards' ? FORWARDS : BACKWARDS);
  if (count === 'live') options.setSubscription(new Options.SubscriptionOptions());
  else options.setCount(count.toString());
  return options;
}

function wrapped(messages: ReadMessages, options: ReadReq.Options): ReadReq {
  const request = new messages.ReadReq();
  request.setOptions(options);
  return request;
}
