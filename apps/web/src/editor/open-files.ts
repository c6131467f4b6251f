import { TEXT_ROOT } from '@palimpsest/domain';
import { CLOSE, type UserDto } from '@palimpsest/protocol/wire';
import { Awareness } from 'y-protocols/awareness';
import * as Y from 'yjs';
import { colourOf } from '../person-colour.js';
import type { PersonHere } from '../people-here.js';
import type { FileName, FileOutbox, Outbox, Place } from '../outbox/outbox.js';
import { browserOutbox } from '../outbox/browser-outbox.js';
import { saveStatus, type SaveState, type SaveStatus } from '../save-status.js';
import { Signal } from '../signal.js';
import { DurableConnection } from './durable-provider.js';
import { FrameBudget } from './frame-budget.js';
import { SaveLedger } from './save-ledger.js';
import { ownUndo } from './own-undo.js';
import { obstacleTo } from './text-limits.js';
import { mergeRun } from './update-merge.js';

/** Origin of what the outbox had: neither an edit of this tab, nor to be undone here. */
const OUTBOX = Symbol('outbox');

/** Of this page: the server counts over all files of a person. */
const budget = new FrameBudget();

/** Codes after which sending the same again would be refused again; the unsent changes become a text to copy. */
const REFUSALS: ReadonlySet<number> = new Set([CLOSE.badMessage, CLOSE.forbidden, CLOSE.notFound, CLOSE.tooLarge]);

/** One file that this tab has open: its Yjs document, the outbox, the connection and what is known about them. */
export class OpenFile {
  readonly id: string;
  readonly text: Y.Text;
  readonly awareness: Awareness;
  /** Of this person's edits only; kept here so that it survives the view. */
  readonly undo: Y.UndoManager;
  readonly save = new Signal<SaveState>({ kind: 'opening', edits: 0 });
  readonly people = new Signal<readonly PersonHere[]>([]);
  /** The server's text has been here; before that the document is empty for want of knowing. */
  readonly arrived = new Signal(false);
  /** Why this text cannot be edited here, for a person; null if it can, or has not arrived. Judged once, when it arrives. */
  readonly obstacle = new Signal<string | null>(null);
  readonly #doc = new Y.Doc();
  readonly #ledger = new SaveLedger(() => this.place);
  readonly #onSave: (file: OpenFile) => void;
  /** Client ids under which this person has written. */
  readonly #own = new Set<number>();
  #outbox: FileOutbox | null = null;
  #connection: DurableConnection | null = null;
  #readOnly = false;
  #isGone = false;
  #endedBy: number | null = null;
  /** Edits of the ledger that the outbox knows to be durable. */
  #confirmed = 0;
  #isAside = false;

  constructor(name: FileName, me: UserDto, outbox: Outbox, onSave: (file: OpenFile) => void) {
    this.id = name.id;
    this.#onSave = onSave;
    this.text = this.#doc.getText(TEXT_ROOT);
    this.awareness = new Awareness(this.#doc);
    this.undo = ownUndo(this.text);
    const color = colourOf(me.id);
    this.awareness.setLocalStateField('user', { id: me.id, name: me.displayName, color, colorLight: `${color}33` });
    this.awareness.on('change', () => this.people.set(peopleIn(this.awareness)));
    this.people.set(peopleIn(this.awareness));
    void outbox.open(me.id, name).then((kept) => this.#start(kept));
  }

  /** Nothing can be typed here, and so "saved" would say nothing. */
  setReadOnly(readOnly: boolean): void {
    this.#readOnly = readOnly;
    this.#tell();
  }

  /** Nothing here still has to reach the server, or it is kept as text because it never will. */
  get isDone(): boolean {
    return this.#connection !== null && (this.#ledger.unsaved === 0 || this.#isAside);
  }

  /** Where the unsaved edits are. */
  get place(): Place {
    return this.#outbox?.place ?? 'tab';
  }

  /** After a new sign-in. What ended for another reason would end again. */
  reconnect(): void {
    if (this.#endedBy === CLOSE.unauthenticated) this.#connection?.reconnect();
  }

  /** Sends what is collected: the page may be about to go. */
  flush(): void {
    this.#connection?.flush();
  }

  /** The awareness keeps a timer and the document keeps the awareness: both go. */
  destroy(): void {
    this.#isGone = true;
    this.#connection?.destroy();
    this.undo.destroy();
    this.awareness.destroy();
    this.#doc.destroy();
  }

  /** What was kept goes in before the connection: its first step 2 carries what of it the server does not have. */
  #start(outbox: FileOutbox): void {
    if (this.#isGone) return;
    this.#outbox = outbox;
    if (outbox.kept) Y.applyUpdate(this.#doc, outbox.kept, OUTBOX);
    this.#ownMore();
    if (outbox.unsent > 0) this.#ledger.edited(outbox.unsent);
    this.#connection = new DurableConnection({
      file: this.id,
      doc: this.#doc,
      awareness: this.awareness,
      ledger: this.#ledger,
      own: this.#own,
      budget,
      onEdit: (update) => this.#onEdit(update),
      onSynchronised: () => void this.#adopt(),
      onEnded: (code) => void this.#onEnded(code),
      onChange: () => this.#tell(),
    });
    this.#tell();
  }

  #onEdit(update: Uint8Array): void {
    this.#own.add(this.#doc.clientID);
    this.#ledger.edited();
    // The words change when it is written, or cannot be.
    void this.#outbox?.keep(update).then(() => this.#tell());
  }

  /** Changes that another tab of this person kept and may not be there any more to send. */
  async #adopt(): Promise<void> {
    const records = (await this.#outbox?.newcomers()) ?? [];
    const update = mergeRun(records.map((record) => record.update));
    if (!update || this.#isGone || this.#endedBy !== null) return;
    this.#outbox?.adopt(records);
    this.#ownMore();
    this.#ledger.edited(records.length);
    this.#connection?.bringIn(update);
  }

  async #onEnded(code: number): Promise<void> {
    this.#endedBy = code;
    if (!REFUSALS.has(code) || this.#ledger.unsaved === 0) return;
    const state = this.#ledger.state;
    const text = this.arrived.value ? this.text.toString() : null;
    this.#isAside = (await this.#outbox?.setAside('message' in state ? state.message : '', text)) ?? false;
    this.#tell();
  }

  #ownMore(): void {
    for (const client of this.#outbox?.clients ?? []) this.#own.add(client);
  }

  #tell(): void {
    if (this.#isGone) return;
    const durable = this.#ledger.durableEdits;
    if (durable > this.#confirmed) void this.#outbox?.confirm(durable - this.#confirmed);
    this.#confirmed = durable;
    this.save.set(this.#state());
    if (this.#ledger.hasArrived && !this.arrived.value) this.#arrive();
    this.#onSave(this);
  }

  #arrive(): void {
    this.obstacle.set(obstacleTo(this.text.toString()));
    this.arrived.set(true);
  }

  #state(): SaveState {
    const { state } = this.#ledger;
    return (this.#readOnly || this.obstacle.value !== null) && state.kind === 'saved' ? { kind: 'read-only' } : state;
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
  readonly #outbox: Outbox;

  constructor(status: SaveStatus, outbox: Outbox) {
    this.#status = status;
    this.#outbox = outbox;
  }

  acquire(name: FileName, me: UserDto): OpenFile {
    const { id } = name;
    const file = this.#files.get(id) ?? new OpenFile(name, me, this.#outbox, (changed) => this.#onSave(changed));
    this.#files.set(id, file);
    this.#wanted.set(id, (this.#wanted.get(id) ?? 0) + 1);
    return file;
  }

  /** Opens, out of sight, the files of which the outbox has changes older than `age` milliseconds, until these are sent. */
  async sendKept(me: UserDto, age: number): Promise<void> {
    for (const name of await this.#outbox.unsentFiles(me.id, age))
      if (!this.#files.has(name.id)) this.release(this.acquire(name, me));
  }

  flush(): void {
    for (const file of this.#files.values()) file.flush();
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
    for (const file of this.#files.values()) file.reconnect();
  }

  #onSave(file: OpenFile): void {
    this.#status.report(file.id, file.save.value, file.place);
    if (this.#wanted.get(file.id) === 0) this.#closeIfDone(file);
  }

  #closeIfDone(file: OpenFile): void {
    if (file.isDone) this.#close(file);
  }

  #close(file: OpenFile): void {
    this.#files.delete(file.id);
    this.#wanted.delete(file.id);
    file.destroy();
    this.#status.forget(file.id);
  }
}

/** Of this tab. */
export const openFiles = new OpenFiles(saveStatus, browserOutbox);
