import { createServer, type Server, type Socket } from 'node:net';
import type { AddressInfo } from 'node:net';

/**
 * As much of a Redis server as publish and subscribe need, on a real socket: RESP arrays of bulk strings in, RESP2 out. For
 * tests on machines without Redis. `drop` ends all connections, as a restart does.
 */
export class RedisServer {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  readonly #subscribers = new Map<string, Set<Socket>>();

  private constructor() {
    this.#server = createServer((socket) => this.#accept(socket));
  }

  static async start(): Promise<RedisServer> {
    const redis = new RedisServer();
    await new Promise<void>((done) => redis.#server.listen(0, '127.0.0.1', done));
    return redis;
  }

  get url(): string {
    return `redis://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  drop(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  async stop(): Promise<void> {
    this.drop();
    await new Promise((done) => this.#server.close(done));
  }

  #accept(socket: Socket): void {
    this.#sockets.add(socket);
    let received = '';
    socket.setEncoding('latin1');
    socket.on('error', () => undefined);
    socket.on('close', () => {
      this.#sockets.delete(socket);
      for (const subscribers of this.#subscribers.values()) subscribers.delete(socket);
    });
    socket.on('data', (text: string) => {
      received += text;
      for (let command = takeCommand(received); command; command = takeCommand(received)) {
        received = received.slice(command.length);
        this.#answer(socket, command.words);
      }
    });
  }

  #answer(socket: Socket, [name = '', channel = '', text = '']: readonly string[]): void {
    switch (name.toLowerCase()) {
      case 'subscribe': {
        const subscribers = this.#subscribers.get(channel) ?? new Set();
        this.#subscribers.set(channel, subscribers.add(socket));
        return void socket.write(`*3\r\n${bulk('subscribe')}${bulk(channel)}:1\r\n`, 'latin1');
      }
      case 'publish': {
        const subscribers = this.#subscribers.get(channel) ?? new Set();
        const message = `*3\r\n${bulk('message')}${bulk(channel)}${bulk(text)}`;
        for (const subscriber of subscribers) subscriber.write(message, 'latin1');
        return void socket.write(`:${subscribers.size}\r\n`);
      }
      case 'info':
        return void socket.write(bulk('redis_version:7.0.0\r\nloading:0\r\n'), 'latin1');
      case 'hello':
        return void socket.write('-ERR unknown command\r\n');
      default:
        return void socket.write('+OK\r\n');
    }
  }
}

function bulk(text: string): string {
  return `$${text.length}\r\n${text}\r\n`;
}

/** The first command in `text` and how long it is there; undefined while it is not complete. */
function takeCommand(text: string): { words: string[]; length: number } | undefined {
  const head = /^\*(\d+)\r\n/.exec(text);
  if (!head) return undefined;
  const words: string[] = [];
  let at = head[0].length;
  for (let n = Number(head[1]); n > 0; n--) {
    const size = /^\$(\d+)\r\n/.exec(text.slice(at, at + 20));
    if (!size) return undefined;
    const from = at + size[0].length;
    at = from + Number(size[1]) + 2;
    if (at > text.length) return undefined;
    words.push(text.slice(from, at - 2));
  }
  return { words, length: at };
}
