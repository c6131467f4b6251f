import { Inject, Injectable, Logger } from '@nestjs/common';
import { encodeEvent, streamOf } from '@palimpsest/domain';
import type { EventStore } from '@palimpsest/event-store';
import {
  Evidence,
  type EvidenceState,
  isDue,
  isNews,
  signCheckpoint,
  type SigningRules,
  type StoredCheckpoint,
} from '@palimpsest/evidence';
import { type CommandContext, systemContext } from '../commands/context.js';
import type { Configuration } from '../configuration.js';
import { derivedId } from '../platform/derived-id.js';
import { Problem } from '../platform/problem.js';
import { CONFIGURATION, EVENT_STORE } from '../platform/tokens.js';

/** How often the tree is compared with the last checkpoint although nothing is to be signed, milliseconds. */
const COMPARE_MS = 60_000;
/** How long somebody who asked for a checkpoint, or for what needs one, waits for it, milliseconds. */
const PATIENCE_MS = 5_000;
const POLL_MS = 200;

/**
 * Signs checkpoints and records each in the log. Where they are read from is the log alone: the follower takes them from
 * there into the table, so what is not recorded was never signed. Before every signature the tree is compared with the last
 * checkpoint; if they contradict each other nothing is signed any more, and health and the page "System" say why.
 */
@Injectable()
export class CheckpointSigning {
  readonly #log = new Logger(CheckpointSigning.name);
  readonly #rules: SigningRules;
  /** Size that was signed last, whose event the follower may not have read yet. */
  #signedSize = 0;
  #comparedAt = -Infinity;
  #contradiction: string | undefined;

  constructor(
    private readonly evidence: Evidence,
    @Inject(EVENT_STORE) private readonly store: EventStore,
    @Inject(CONFIGURATION) { evidence: rules }: Configuration,
  ) {
    this.#rules = rules;
  }

  /** Whether this installation has a key. */
  get canSign(): boolean {
    return this.#rules.signers.length > 0;
  }

  /** Why nothing is signed any more, as it was found last. */
  get contradiction(): string | undefined {
    return this.#contradiction;
  }

  /** Compares, now and then, and signs when it is time. */
  async signIfDue(now: Date): Promise<void> {
    const standing = await this.evidence.standing();
    if (!standing) return;
    const due = this.canSign && isDue(standing, this.#rules, now) && !this.#isUnderWay(standing);
    if (!due && performance.now() - this.#comparedAt < COMPARE_MS) return;
    const state = await this.compare();
    if (due && state && state.contradiction === undefined) await this.#sign(state, systemContext());
  }

  /** The state of the tree, looked at now. Undefined while there is no event. */
  async compare(): Promise<EvidenceState | undefined> {
    const state = await this.evidence.state();
    this.#comparedAt = performance.now();
    if (state?.contradiction !== undefined && this.#contradiction === undefined) this.#log.error(state.contradiction);
    this.#contradiction = state?.contradiction;
    return state;
  }

  /**
   * The newest checkpoint, made now if the log has grown: it vouches for everything that was recorded before the call. Throws
   * Problem where nothing can be signed.
   */
  async signNow(context: CommandContext): Promise<StoredCheckpoint> {
    const head = await this.store.head();
    if (head !== undefined) await this.soon(() => this.evidence.tree.leafAt(head));
    const state = await this.compare();
    if (!this.canSign) throw new Problem(409, 'no-evidence-key', 'This installation has no key: set EVIDENCE_KEY.');
    if (state?.contradiction !== undefined)
      throw new Problem(409, 'evidence-contradicted', `Nothing is signed any more. ${state.contradiction}`);
    if (!state) throw new Problem(409, 'no-events', 'There is no event yet that could be vouched for.');
    if (state.latest && !isNews(state, this.#rules.signers)) return state.latest;
    await this.#sign(state, context);
    return this.soon(() => this.evidence.checkpoints.covering(state.tree.log, state.tree.size - 1));
  }

  /** What `look` finds as soon as the next checkpoint is signed and read back. Throws Problem after some seconds. */
  async soon<T>(look: () => Promise<T | undefined>): Promise<T> {
    const deadline = performance.now() + PATIENCE_MS;
    for (;;) {
      const found = await look();
      if (found !== undefined) return found;
      if (performance.now() > deadline) throw notYet();
      await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    }
  }

  #isUnderWay({ latest }: Pick<EvidenceState, 'latest'>): boolean {
    return this.#signedSize > (latest?.size ?? 0);
  }

  /** The id follows from what is signed: two nodes that sign the same record it once. */
  async #sign({ tree }: EvidenceState, context: CommandContext): Promise<void> {
    const event = await signCheckpoint(this.evidence, tree.size, this.#rules);
    const now = new Date();
    const stream = streamOf.evidence({ year: now.getUTCFullYear(), month: now.getUTCMonth() + 1 });
    const id = derivedId(`checkpoint ${tree.log} ${tree.size}`);
    await this.store.append(stream, [{ id, ...encodeEvent(event, context) }], { expected: 'any' });
    this.#signedSize = tree.size;
  }
}

function notYet(): Problem {
  return new Problem(503, 'checkpoint-under-way', 'The checkpoint is not signed yet: try again in a moment.', {
    headers: { 'Retry-After': '2' },
  });
}
