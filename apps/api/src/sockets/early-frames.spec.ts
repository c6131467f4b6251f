import { EventEmitter } from 'node:events';
import { describe, expect, it } from '@jest/globals';
import 'reflect-metadata'; // the index of the protocol has DTO classes
import type { WebSocket } from 'ws';
import { bufferUntilReady } from './early-frames.js';

/** As much of a socket as is looked at. */
class Socket extends EventEmitter {
  readonly OPEN = 1;
  readyState = 1;
  closed: number | undefined;
  close(code: number): void {
    this.closed = code;
    this.readyState = 2;
  }
  terminate(): void {
    this.close(1006);
  }
}

function buffered() {
  const socket = new Socket();
  const early = bufferUntilReady(socket as unknown as WebSocket);
  const taken: number[] = [];
  return { socket, taken, ready: () => early.release((frame) => taken.push(frame.length)) };
}

describe('frames before the permission is known', () => {
  it('[AU2] are kept in order, and what follows goes straight on', () => {
    const { socket, taken, ready } = buffered();
    socket.emit('message', Buffer.alloc(1));
    socket.emit('message', [Buffer.alloc(1), Buffer.alloc(1)]);
    ready();
    socket.emit('message', Buffer.alloc(3));
    expect(taken).toEqual([1, 2, 3]);
  });

  it('[AU2] are 64 at most: with one more the socket is closed and none is kept', () => {
    const { socket, taken, ready } = buffered();
    for (let n = 0; n < 64; n++) socket.emit('message', Buffer.alloc(1));
    expect(socket.closed).toBeUndefined();
    socket.emit('message', Buffer.alloc(1));
    expect(socket.closed).toBe(4500);
    ready();
    expect(taken).toEqual([]);
  });

  it('[AU2] are at most 4,000,000 bytes', () => {
    const { socket } = buffered();
    socket.emit('message', Buffer.alloc(4_000_000));
    expect(socket.closed).toBeUndefined();
    socket.emit('message', Buffer.alloc(1));
    expect(socket.closed).toBe(4500);
  });

  it('[AU5] are not read once the socket is closing', () => {
    const { socket, taken, ready } = buffered();
    ready();
    socket.close(4403);
    socket.emit('message', Buffer.alloc(1));
    expect(taken).toEqual([]);
  });
});
