import { TEXT_ROOT } from '@palimpsest/domain';
import type { UserDto } from '@palimpsest/protocol/wire';
import { Awareness } from 'y-protocols/awareness';
import * as Y from 'yjs';
import { colourOf } from '../person-colour.js';
import type { PersonHere } from '../people-here.js';
import { saveStatus, type SaveState, type SaveStatus } from '../save-status.js';
import { Signal } from '../signal.js';
import { connectDurably, type DurableConnection } from './durable-provider.js';
import { SaveLedger } from './save-ledger.js';

/** One file that this tab has open: its Yjs document, the connection and what is known about both. */
export class OpenFile {
  readonly text: Y.Text;
  readonly awareness: Awareness;
  /** Of this person's edits only; kept here so that it survives the view. */
  readonly undo: Y.UndoManager;
  readonly save = new Signal<SaveState>({ kind: 'opening', edits: 0 });
  readonly people = new Signal<readonly PersonHere[]>([]);
  /** The server's text has been here; before that the document is empty for want of knowing. */
  readonly arrived = new Signal(false);
  readonly #doc = new Y.Doc();
  readonly #ledger = new SaveLedger();
  readonly #connection: DurableConnection;
  readonly #tell: () => void;
  #readOnly = false;

  constructor(
    readonly id: string,
    me: UserDto,
    onSave: (file: OpenFile) => void,
  ) {
    this.text = this.#doc.getText(TEXT_ROOT);
    this.awareness = new Awareness(this.#doc);
    this.undo = new Y.UndoManager(this.text);
    const color = colourOf(me.id);
    this.awareness.setLocalStateField('user', { id: me.id, name: me.displayName, color, colorLight: `${color}33` });
    this.awareness.on('change', () => this.people.set(peopleIn(this.awareness)));
    this.people.set(peopleIn(this.awareness));
    this.#tell = () => {
      this.save.set(this.#state());
      this.arrived.set(this.#ledger.hasArrived);
      onSave(this);
    };
    this.#connection = connectDurably({
      file: id,
      doc: this.#doc,
      awareness: this.awareness,
      ledger: this.#ledger,
      onChange: this.#tell,
    });
  }

  /** Nothing can be typed here, and so "saved" would say nothing. */
  setReadOnly(readOnly: boolean): void {
    this.#readOnly = readOnly;
    this.#tell();
  }

  get unsaved(): number {
    return this.#ledger.unsaved;
  }

  reconnect(): void {
    this.#connection.reconnect();
  }

  /** The awareness keeps a timer and the document keeps the awareness: both go. */
  destroy(): void {
    this.#connection.destroy();
    this.undo.destroy();
    this.awareness.destroy();
    this.#doc.destroy();
  }

  #state(): SaveState {
    const { state } = this.#ledger;
    return this.#readOnly && state.kind === 'saved' ? { kind: 'read-only' } : state;
  }
}

/** Each person once, however many tabs; the one who looks comes first. */
function peopleIn(awareness: Awareness): readonly PersonHere[] {
  const people = new Map<string, PersonHere>();
  const add = (state: Record<string, unknown> | null | undefined, isMe: boolean) => {
    const user = state?.['user'] as { id?: string; name?: string; color?: string } | undefined;
    if (user?.name === undefined) return;
    const id = user.id ?? user.name;
    if (!people.has(id)) people.set(id, { id, name: user.name, colour: colourOf(id), isMe });
  };
  add(awareness.getLocalState(), true);
  for (const state of awareness.getStates().values()) add(state, false);
  return [...people.values()];
}

/**
 * The files that this tab has open. One that is left with unsaved edits stays open out of sight until the server has them:
 * choosing another file, or another workspace, must not lose work.
 */
export class OpenFiles {
  readonly #files = new Map<string, OpenFile>();
  readonly #wanted = new Map<string, number>();
  readonly #status: SaveStatus;

  constructor(status: SaveStatus) {
    this.#status = status;
  }

  acquire(id: string, me: UserDto): OpenFile {
    const file = this.#files.get(id) ?? new OpenFile(id, me, (changed) => this.#onSave(changed));
    this.#files.set(id, file);
    this.#wanted.set(id, (this.#wanted.get(id) ?? 0) + 1);
    return file;
  }

  release(file: OpenFile): void {
    if (this.#files.get(file.id) !== file) return;
    const wanted = (this.#wanted.get(file.id) ?? 1) - 1;
    this.#wanted.set(file.id, wanted);
    if (wanted === 0) this.#closeIfDone(file);
  }

  /** Forgets the document with its unsaved edits; the next `acquire` starts from what the server has. */
  discard(file: OpenFile): void {
    if (this.#files.get(file.id) === file) this.#close(file);
  }

  /** After a new sign-in: those that were closed for want of a session come back. */
  reconnect(): void {
    for (const file of this.#files.values()) if (file.save.value.kind === 'ended') file.reconnect();
  }

  #onSave(file: OpenFile): void {
    this.#status.report(file.id, file.save.value);
    if (this.#wanted.get(file.id) === 0) this.#closeIfDone(file);
  }

  #closeIfDone(file: OpenFile): void {
    if (file.unsaved === 0) this.#close(file);
  }

  #close(file: OpenFile): void {
    this.#files.delete(file.id);
    this.#wanted.delete(file.id);
    file.destroy();
    this.#status.forget(file.id);
  }
}

/** Of this tab. */
export const openFiles = new OpenFiles(saveStatus);
