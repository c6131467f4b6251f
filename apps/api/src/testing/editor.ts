import { TEXT_ROOT } from '@palimpsest/domain';
import type { EventStore, NewEvent } from '@palimpsest/event-store';
import * as Y from 'yjs';
import type { Member, Room } from '../collaboration/room.js';
import type { Refusal } from '../collaboration/update-inspection.js';

/** A person in a room, with a document of their own, without a network between. */
export class Editor implements Member {
  readonly actor;
  readonly context;
  readonly doc = new Y.Doc();
  readonly text = this.doc.getText(TEXT_ROOT);
  acknowledged = 0;
  sent = 0;
  refusal: string | undefined;
  readonly #room: Room;

  constructor(room: Room, id: string) {
    this.#room = room;
    this.actor = { id, role: 'student', via: 'websocket' } as const;
    this.context = { actor: this.actor };
    Y.applyUpdate(this.doc, Y.encodeStateAsUpdate(room.doc));
    this.doc.on('update', (update: Uint8Array, origin: unknown) => {
      if (origin !== this) room.submit(this, ++this.sent, update, 'live');
    });
    room.join(this);
  }

  deliver(update: Uint8Array, own: boolean): void {
    if (!own) Y.applyUpdate(this.doc, update, this);
  }
  acknowledge(sequence: number): void {
    this.acknowledged = sequence;
  }
  refuse({ reason }: Refusal): void {
    this.refusal = reason;
    this.#room.leave(this);
  }
}

/** The store with a gate before append, and what went through: what waits there is not recorded. */
export function gated(store: EventStore): {
  store: EventStore;
  close(): void;
  open(): void;
  appended: (readonly NewEvent[])[];
} {
  const appended: (readonly NewEvent[])[] = [];
  let gate: Promise<void> = Promise.resolve();
  let release = () => {};
  const append: EventStore['append'] = async (...args) => {
    await gate;
    appended.push(args[1]);
    return store.append(...args);
  };
  return {
    store: new Proxy(store, {
      get: (target, name) => {
        if (name === 'append') return append;
        const value: unknown = Reflect.get(target, name, target);
        return typeof value === 'function' ? (value as () => unknown).bind(target) : value;
      },
    }),
    close: () => void (gate = new Promise((resolve) => (release = resolve))),
    open: () => release(),
    appended,
  };
}
