/**
 * WebSocket `/collab/:fileId`: the protocol of y-websocket (sync 0, awareness 1, auth 2, query awareness 3), with two
 * additions for clients that connect with `?acks=1`; the rules are in `apps/api/src/collaboration/PROTOCOL.md`.
 *
 * ACKNOWLEDGED: [varuint 110][varuint n] — the first n sync messages of this connection that could change the document
 * (sync step 2 and update, counted by the order of sending) are durable. Sent once the event store has them.
 * Others get their own updates back once these are durable, which Yjs ignores.
 */
export const MESSAGE_ACKNOWLEDGED = 110;

/**
 * WAIT: [varuint 111][varuint milliseconds][varString sentence] — a limit has been reached; from the server only, and only
 * to clients that connect with `?acks=1`. `milliseconds` (1 to 3,600,000) is counted from the arrival of the message;
 * `sentence` is for a person and says which limit it is and what to do (at most 300 characters, English).
 *
 * - While the connection stays open, the server holds the sync messages that have been sent and goes on with them by itself
 *   after the wait, in order: nothing is lost, nothing is to be sent again, and ACKNOWLEDGED comes later. Until then the
 *   client sends no sync message but collects its edits and sends them merged into one afterwards. Awareness goes on. The
 *   message may come again, with a new time, which replaces the one before.
 * - When the connection is closed with `CLOSE.limited` right after it, the client stays away for that time and then
 *   connects again; what was not acknowledged goes along with the next sync step 2. So is a client that sends more than
 *   `WAIT_MAX_HELD` sync messages while it should wait.
 *
 * A client that does not ask for acknowledgements is closed with `CLOSE.limited` at once; the reason ends with
 * "(try again in N s)".
 */
export const MESSAGE_WAIT = 111;

/** Most sync messages that the server holds for one connection that should wait. */
export const WAIT_MAX_HELD = 64;

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
  /** A limit has been reached. The reason says which, and ends with "(try again in N s)". */
  limited: 4529,
} as const;
