import type { RunClientMessage, RunServerMessage } from '@palimpsest/protocol';
import { eventually } from '@palimpsest/test-support';
import { WebSocket } from 'ws';

type Kind = RunServerMessage['t'];
type Message<K extends Kind> = Extract<RunServerMessage, { t: K }>;

/** A window on a run, as the page has it. For tests. */
export class RunClient {
  readonly socket: WebSocket;
  readonly messages: RunServerMessage[] = [];
  closed: { readonly code: number; readonly reason: string } | undefined;

  constructor(address: string, run: string, token: string) {
    this.socket = new WebSocket(`ws://${address}/runs/${run}?token=${token}`);
    this.socket.on('message', (data: Buffer) => this.messages.push(JSON.parse(data.toString()) as RunServerMessage));
    this.socket.on('close', (code, reason) => (this.closed ??= { code, reason: reason.toString() }));
    this.socket.on('error', (error) => (this.closed ??= { code: 0, reason: error.message }));
  }

  async opened(): Promise<this> {
    await eventually(() => this.messages.some(({ t }) => t === 'live'), 'the run being shown');
    return this;
  }

  send(message: RunClientMessage | Readonly<Record<string, unknown>>): void {
    this.socket.send(JSON.stringify(message));
  }

  get output(): string {
    const texts = this.messages.flatMap((message) => (message.t === 'output' ? [message.text] : []));
    return texts.join('').replaceAll('\r\n', '\n');
  }

  all<K extends Kind>(kind: K): Message<K>[] {
    return this.messages.filter((message): message is Message<K> => message.t === kind);
  }

  /** Waits for the first message of this kind. */
  async gets<K extends Kind>(kind: K, patienceMs = 20_000): Promise<Message<K>> {
    await eventually(
      () => this.all(kind).length > 0,
      () => `a message "${kind}" after ${JSON.stringify(this.messages).slice(-600)}`,
      patienceMs,
    );
    return this.all(kind)[0]!;
  }

  async shows(text: string, patienceMs = 20_000): Promise<void> {
    await eventually(
      () => this.output.includes(text),
      () => `${JSON.stringify(text)} in ${JSON.stringify(this.output.slice(-600))}`,
      patienceMs,
    );
  }

  async ends(): Promise<NonNullable<RunClient['closed']>> {
    return eventually(() => this.closed, 'the socket being closed');
  }
}
