import { ByteReader } from '@palimpsest/domain';
import * as Y from 'yjs';

const SYNC = 0;
const SYNC_STEP_1 = 0;

/** Edits that the log has to hold, as Yjs counts them. */
export class Debt {
  /** Next clock of each client id: everything below is to be there. */
  readonly clocks = new Map<number, number>();
  /** `client:clock` of characters that are to be deleted. */
  readonly deletions = new Set<string>();

  copy(): Debt {
    const copy = new Debt();
    copy.addClocks(this.clocks);
    for (const deletion of this.deletions) copy.deletions.add(deletion);
    return copy;
  }

  add(update: Uint8Array): void {
    this.addClocks(Y.parseUpdateMeta(update).to);
    for (const [client, ranges] of Y.decodeUpdate(update).ds.clients)
      for (const { clock, len } of ranges)
        for (let at = clock; at < clock + len; at++) this.deletions.add(`${client}:${at}`);
  }

  addClocks(clocks: ReadonlyMap<number, number>): void {
    for (const [client, clock] of clocks) this.clocks.set(client, Math.max(clock, this.clockOf(client)));
  }

  clockOf(client: number): number {
    return this.clocks.get(client) ?? 0;
  }
}

/** Where a token is in a document. */
export interface Range {
  readonly client: number;
  readonly start: number;
  /** Clock behind its last character. */
  readonly end: number;
}

export interface Token extends Range {
  /** How often it was put into a text: typed, pasted, or brought back by undo. */
  makings: number;
}

/**
 * Sees everything that the clients of a round do and are told, and is never killed. What a server shows or acknowledges is a
 * promise that it is recorded [ED1]: an update that it delivers, be it the sender's own; a state vector, for which a client does
 * not send again what it covers; and an ACKNOWLEDGED, which the tab tells by the updates that its ledger then takes for durable.
 */
export class Witness {
  /** Every update that a client made, in the order of each client. */
  readonly made: Uint8Array[] = [];
  readonly tokens = new Map<string, Token>();
  /** Tokens that somebody took out, by deleting or by undo. */
  readonly removed = new Set<string>();
  /** What has been promised so far. */
  readonly debt = new Debt();

  /** Takes a frame as it came from a server. */
  received(frame: Uint8Array): void {
    const reader = new ByteReader(frame);
    if (reader.varuint() !== SYNC) return;
    const step = reader.varuint();
    const payload = reader.bytes();
    if (step === SYNC_STEP_1) this.debt.addClocks(Y.decodeStateVector(payload));
    else this.debt.add(payload);
  }
}

/** How often each whole token stands in a text. */
export function countTokens(text: string): Map<string, number> {
  const counts = new Map<string, number>();
  for (const [token] of text.matchAll(/‹[^‹›]*›/g)) counts.set(token, (counts.get(token) ?? 0) + 1);
  return counts;
}

/** What a document shows of a range: nothing for what it does not have, or has deleted. */
export function shown(doc: Y.Doc, { client, start, end }: Range): string {
  let text = '';
  for (const struct of doc.store.clients.get(client) ?? []) {
    const { clock } = struct.id;
    if (clock >= end || clock + struct.length <= start || struct.deleted) continue;
    if (!(struct instanceof Y.Item) || !(struct.content instanceof Y.ContentString)) continue;
    text += struct.content.str.slice(Math.max(0, start - clock), end - clock);
  }
  return text;
}
