/**
 * A KurrentDB for tests: the client's own service definitions over a log in memory, on the loopback interface, so that the
 * real client talks HTTP/2 to it. It proves that the adapter maps, retries and resubscribes as it should. It proves nothing
 * about the real server: EVENTSTORE_URL runs the same suite against one. Imported by specs only.
 */
import {
  Server,
  ServerCredentials,
  type sendUnaryData,
  type ServerDuplexStream,
  type ServerReadableStream,
  type ServerUnaryCall,
} from '@grpc/grpc-js';
import {
  services,
  shared,
  streams,
  type AppendReq,
  type AppendResp,
  type BatchAppendReq,
  type BatchAppendResp,
  type DeleteReq,
  type DeleteResp,
  type TombstoneReq,
  type TombstoneResp,
} from '../protocol.js';
import { MemoryLog, type ProposedRecord, type WriteOutcome } from './memory-log.js';
import { expectedState, failureError, failureStatus, identifierOf, proposedRecord, streamName } from './messages.js';
import { read } from './reading.js';
import { features, featureServices, type SupportedMethods } from './server-protocol.js';

export interface ServerOptions {
  /** Without it the client uses Append, as with servers before 21.10. Default true. */
  readonly batchAppend?: boolean;
}

export class InProcessServer {
  readonly log = new MemoryLog();
  /** Called when an append is stored and not yet answered; `'silent'` suppresses the answer. */
  beforeAnswer: (stream: string) => 'answer' | 'silent' = () => 'answer';
  private server: Server | undefined;
  private boundPort = 0;

  private constructor(private readonly options: ServerOptions) {}

  static async start(options: ServerOptions = {}): Promise<InProcessServer> {
    const server = new InProcessServer(options);
    await server.start();
    return server;
  }

  get port(): number {
    return this.boundPort;
  }

  /** Also again after `stop`: on the same port, with the same log. */
  async start(): Promise<void> {
    const server = new Server({ 'grpc.max_receive_message_length': 32 * 1024 * 1024 });
    server.addService(services.StreamsService, {
      read: (call: Parameters<typeof read>[1]) => void read(this.log, call),
      append: (call: ServerReadableStream<AppendReq, AppendResp>, answer: sendUnaryData<AppendResp>) =>
        this.append(call, answer),
      batchAppend: (call: ServerDuplexStream<BatchAppendReq, BatchAppendResp>) => this.batchAppend(call),
      delete: (call: ServerUnaryCall<DeleteReq, DeleteResp>, answer: sendUnaryData<DeleteResp>) =>
        this.delete(call.request, false, new streams.DeleteResp(), answer),
      tombstone: (call: ServerUnaryCall<TombstoneReq, TombstoneResp>, answer: sendUnaryData<TombstoneResp>) =>
        this.delete(call.request, true, new streams.TombstoneResp(), answer),
    });
    server.addService(featureServices.ServerFeaturesService, {
      getSupportedMethods: (_call: unknown, answer: sendUnaryData<SupportedMethods>) =>
        answer(null, supportedMethods(this.options.batchAppend ?? true)),
    });
    this.boundPort = await new Promise<number>((resolve, reject) =>
      server.bindAsync(`127.0.0.1:${this.boundPort}`, ServerCredentials.createInsecure(), (error, port) =>
        error ? reject(error) : resolve(port),
      ),
    );
    this.server = server;
  }

  /** As a crash: all calls end at once, and what the server knew without its log is gone. */
  stop(): void {
    this.server?.forceShutdown();
    this.server = undefined;
    this.log.forgetRecentIds();
  }

  private append(call: ServerReadableStream<AppendReq, AppendResp>, answer: sendUnaryData<AppendResp>): void {
    let options: AppendReq.Options | undefined;
    const proposed: ProposedRecord[] = [];
    call.on('data', (request: AppendReq) => {
      options ??= request.getOptions();
      const message = request.getProposedMessage();
      if (message) proposed.push(proposedRecord(message));
    });
    call.on('end', () => {
      if (!options) return;
      const stream = streamName(options.getStreamIdentifier());
      const outcome = this.log.append(stream, expectedState(options, options.getRevision()), proposed);
      if (this.beforeAnswer(stream) === 'silent') return;
      if (outcome.kind === 'deleted' || outcome.kind === 'tooLarge') return answer(failureError(outcome, stream));
      answer(null, appendAnswer(outcome));
    });
  }

  private batchAppend(call: ServerDuplexStream<BatchAppendReq, BatchAppendResp>): void {
    const parts = new Map<string, { options: BatchAppendReq.Options | undefined; proposed: ProposedRecord[] }>();
    call.on('data', (request: BatchAppendReq) => {
      const correlation = request.getCorrelationId();
      const key = correlation?.getString() ?? '';
      const part = parts.get(key) ?? { options: request.getOptions(), proposed: [] };
      parts.set(key, part);
      part.proposed.push(...request.getProposedMessagesList().map(proposedRecord));
      if (!request.getIsFinal() || !part.options) return;
      parts.delete(key);
      const stream = streamName(part.options.getStreamIdentifier());
      const expected = expectedState(part.options, part.options.getStreamPosition());
      const outcome = this.log.append(stream, expected, part.proposed);
      if (this.beforeAnswer(stream) === 'silent') return;
      const response = batchAnswer(outcome, stream);
      response.setCorrelationId(correlation);
      call.write(response);
    });
    call.on('end', () => call.end());
    call.on('error', () => undefined); // the client went away
  }

  private delete<Response>(
    request: DeleteReq | TombstoneReq,
    forEver: boolean,
    done: Response,
    answer: sendUnaryData<Response>,
  ): void {
    const options = request.getOptions();
    if (!options) return;
    const stream = streamName(options.getStreamIdentifier());
    const outcome = this.log.delete(stream, expectedState(options, options.getRevision()), forEver);
    if (outcome.kind === 'written') answer(null, done);
    else answer(failureError(outcome, stream));
  }
}

function batchAnswer(outcome: WriteOutcome, stream: string): BatchAppendResp {
  const response = new streams.BatchAppendResp();
  response.setStreamIdentifier(identifierOf(stream));
  if (outcome.kind !== 'written') {
    response.setError(failureStatus(outcome, stream));
    return response;
  }
  const position = new shared.AllStreamPosition();
  position.setCommitPosition(outcome.position.toString());
  position.setPreparePosition(outcome.position.toString());
  const success = new streams.BatchAppendResp.Success();
  success.setCurrentRevision(outcome.revision.toString());
  success.setPosition(position);
  response.setSuccess(success);
  return response;
}

function appendAnswer(outcome: WriteOutcome & { kind: 'written' | 'wrongVersion' }): AppendResp {
  const response = new streams.AppendResp();
  if (outcome.kind === 'wrongVersion') {
    const wrong = new streams.AppendResp.WrongExpectedVersion();
    if (outcome.actual === undefined) wrong.setCurrentNoStream(new shared.Empty());
    else wrong.setCurrentRevision(outcome.actual.toString());
    response.setWrongExpectedVersion(wrong);
    return response;
  }
  const position = new streams.AppendResp.Position();
  position.setCommitPosition(outcome.position.toString());
  position.setPreparePosition(outcome.position.toString());
  const success = new streams.AppendResp.Success();
  success.setCurrentRevision(outcome.revision.toString());
  success.setPosition(position);
  response.setSuccess(success);
  return response;
}

function supportedMethods(batchAppend: boolean): SupportedMethods {
  const methods = ['read', 'append', 'delete', 'tombstone', ...(batchAppend ? ['batchappend'] : [])];
  const answer = new features.SupportedMethods();
  answer.setEventStoreServerVersion('24.10.0');
  answer.setMethodsList(
    methods.map((name) => {
      const method = new features.SupportedMethod();
      method.setServiceName('event_store.client.streams.streams');
      method.setMethodName(name);
      // What the native half of the client asks before it reads the log backwards, or with a filter.
      method.setFeaturesList(['position', 'events', 'filter']);
      return method;
    }),
  );
  return answer;
}
