import { CLOSE } from '@palimpsest/protocol';
import type { RawData, WebSocket } from 'ws';

/** Frames that may arrive before the permission has been checked and the room is loaded; an honest client sends two. */
const MAX_EARLY_FRAMES = 64;
const MAX_EARLY_BYTES = 4_000_000;

function toBytes(data: RawData): Uint8Array {
  if (Array.isArray(data)) return Buffer.concat(data);
  return data instanceof ArrayBuffer ? new Uint8Array(data) : data;
}

/**
 * Keeps the frames of a socket until somebody takes them, so that none is lost while the permission is checked. What a
 * client may make the server keep before it is known to be welcome is bounded. Call it in the turn of the connection.
 */
export function bufferUntilReady(socket: WebSocket): { release(receive: (frame: Uint8Array) => void): void } {
  let early: Uint8Array[] = [];
  let bytes = 0;
  let receive: ((frame: Uint8Array) => void) | undefined;
  socket.on('error', () => socket.terminate());
  socket.on('message', (data: RawData) => {
    // Told to go: what is still on its way from this client counts for nothing, however slowly it closes.
    if (socket.readyState !== socket.OPEN) return;
    const frame = toBytes(data);
    if (receive) return receive(frame);
    bytes += frame.length;
    if (early.length >= MAX_EARLY_FRAMES || bytes > MAX_EARLY_BYTES) {
      early = [];
      bytes = 0;
      return socket.close(CLOSE.goingAway, 'too much before the connection was ready: come back');
    }
    early.push(frame);
  });
  return {
    release(taker) {
      const frames = early;
      early = [];
      receive = taker;
      for (const frame of frames) if (socket.readyState === socket.OPEN) taker(frame);
    },
  };
}
