/** How a client is told that it has reached a limit: MESSAGE_WAIT for those that know it, close code 4529 for all. */
import { CLOSE, MESSAGE_WAIT } from '@palimpsest/protocol';
import * as encoding from 'lib0/encoding';
import type { WebSocket } from 'ws';

/** Most bytes of a reason in a close frame (RFC 6455, section 5.5). */
const MAX_REASON_BYTES = 123;

/** [varuint 111][varuint milliseconds][varString sentence]; nothing is sent when the socket is closing. */
export function sendWait(socket: WebSocket, waitMs: number, sentence: string): void {
  if (socket.readyState !== socket.OPEN) return;
  const encoder = encoding.createEncoder();
  encoding.writeVarUint(encoder, MESSAGE_WAIT);
  encoding.writeVarUint(encoder, Math.max(1, Math.ceil(waitMs)));
  encoding.writeVarString(encoder, sentence);
  socket.send(encoding.toUint8Array(encoder));
}

/** Closes with "try again later" and a reason that ends with the seconds; the sentence is cut where both do not fit. */
export function closeLimited(socket: WebSocket, waitMs: number, sentence: string): void {
  const end = ` (try again in ${Math.ceil(waitMs / 1000)} s)`;
  socket.close(CLOSE.limited, `${sentence.slice(0, MAX_REASON_BYTES - end.length)}${end}`);
}
