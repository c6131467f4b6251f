/**
 * WebSocket `/collab/:fileId`: the protocol of y-websocket (sync 0, awareness 1, auth 2, query awareness 3), with one
 * addition for clients that connect with `?acks=1`.
 *
 * ACKNOWLEDGED: [varuint 110][varuint n] — the first n sync messages of this connection that could change the document
 * (sync step 2 and update, counted by the order of sending) are durable. Sent once the event store has them.
 * Others get their own updates back once these are durable, which Yjs ignores.
 */
export const MESSAGE_ACKNOWLEDGED = 110;

/** Most bytes of one frame. */
export const COLLAB_MAX_PAYLOAD = 1_500_000;

/** Close codes: 44xx do not come back (the same would happen again), 45xx try again. */
export const CLOSE = {
  /** The frame or the update in it is not what the protocol allows. Synchronise again with a fresh document. */
  badMessage: 4400,
  /** The session has ended: sign in again. */
  unauthenticated: 4401,
  /** No permission for what was tried. */
  forbidden: 4403,
  notFound: 4404,
  tooLarge: 4413,
  /** The server stops or moves: come back. */
  goingAway: 4500,
  /** The event store cannot be reached now. */
  unavailable: 4503,
} as const;
