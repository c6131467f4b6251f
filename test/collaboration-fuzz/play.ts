import type { EventStore } from '@palimpsest/event-store';
import { eventually } from '@palimpsest/test-support';
import { WebSocket } from 'ws';
import * as Y from 'yjs';
import { syncFrame, UPDATE } from '../../apps/web/src/editor/frame-pacer.js';
import { RecordedFile } from './recorded-file.js';
import type { Scenario, ServerStep, TabPlan, TabStep } from './scenario.js';
import { Tab } from './tab.js';
import { countTokens, type Debt, shown, Witness } from './witness.js';

/** How long everybody may take to see the same once nothing happens any more, milliseconds. */
const SETTLE_MS = 30_000;

/** Servers on one store, and one file on them. */
export interface World {
  readonly file: string;
  readonly stream: string;
  /** Of its own, so that it works whatever happens to the servers. */
  readonly store: EventStore;
  /** `host:port` of each node. */
  readonly addresses: readonly string[];
  /** Tokens of the sessions of all people. */
  readonly sessions: ReadonlyMap<string, string>;
  /** `audit` compares what was promised with the log; the world calls it where that says most. */
  begin(audit: () => Promise<void>): void;
  /** Resolves when the nodes are back. */
  kill(nodes: readonly number[], downMs: number): Promise<void>;
  cutStore(): Promise<void>;
  /** From now on nothing goes wrong any more. */
  calm(): void;
}

const pause = (ms: number) => new Promise((done) => setTimeout(done, ms));

/** Plays a scenario and throws an Error with everything that was not as it should be. */
export async function play(scenario: Scenario, world: World): Promise<void> {
  const round = new Round(scenario, world);
  try {
    await round.play();
  } finally {
    round.end();
  }
}

/** Where a person sits: one tab after another. */
class Seat {
  tab: Tab;
  readonly plan: TabPlan;
  readonly #world: World;
  readonly #witness: Witness;

  constructor(plan: TabPlan, world: World, witness: Witness) {
    this.plan = plan;
    this.#world = world;
    this.#witness = witness;
    this.tab = this.open(plan.node);
  }

  open(node: number): Tab {
    const { file, sessions, addresses } = this.#world;
    const place = { file, token: sessions.get(this.plan.person) ?? '', address: addresses[node] ?? '' };
    return new Tab(this.plan.client, place, this.#witness);
  }
}

class Round {
  readonly #scenario: Scenario;
  readonly #world: World;
  readonly #witness = new Witness();
  readonly #seats: readonly Seat[];
  readonly #forgers: WebSocket[] = [];
  readonly #problems: string[] = [];

  constructor(scenario: Scenario, world: World) {
    this.#scenario = scenario;
    this.#world = world;
    this.#seats = scenario.tabs.map((plan) => new Seat(plan, world, this.#witness));
  }

  async play(): Promise<void> {
    this.#world.begin(() => this.#audit());
    await Promise.all([...this.#seats.map((seat) => this.#playSeat(seat)), this.#playServers()]);
    this.#world.calm();
    for (const { tab, plan } of this.#seats) tab.lead(this.#world.addresses[plan.node]);
    const debt = this.#lastDebt();
    await this.#settle(debt);
    this.#throwProblems();
    await this.#check(debt);
    this.#throwProblems();
  }

  end(): void {
    for (const { tab } of this.#seats) tab.destroy();
    for (const socket of this.#forgers) socket.terminate();
  }

  #throwProblems(): void {
    if (this.#problems.length > 0) throw new Error(this.#problems.join('\n'));
  }

  async #playSeat(seat: Seat): Promise<void> {
    for (const step of seat.plan.steps) {
      await this.#step(seat, step);
      await pause(0);
    }
  }

  #step(seat: Seat, step: TabStep): Promise<unknown> | void {
    const { addresses } = this.#world;
    switch (step.kind) {
      case 'wait':
        return pause(step.ms);
      case 'cut':
      case 'online':
        return seat.tab.lead(addresses[step.node]);
      case 'offline':
        return seat.tab.lead(undefined);
      case 'stall':
        return seat.tab.line.stall(step.ms);
      case 'crash':
        seat.tab.destroy();
        seat.tab = seat.open(step.node);
        return;
      case 'forge':
        return this.#forge(seat, step.node, step.token);
      default:
        return seat.tab.edit(step);
    }
  }

  async #playServers(): Promise<void> {
    for (const step of this.#scenario.servers) await this.#serverStep(step);
  }

  #serverStep(step: ServerStep): Promise<unknown> {
    switch (step.kind) {
      case 'wait':
        return pause(step.ms);
      case 'kill':
        return this.#world.kill(step.nodes, step.downMs);
      case 'cut-store':
        return this.#world.cutStore();
      case 'audit':
        return this.#audit();
    }
  }

  /** [HF3] An id belongs to the first who wrote under it, so only one that is known to be recorded can be forged. */
  #forge({ tab, plan }: Seat, node: number, token: string): void {
    const { sessions, addresses, file } = this.#world;
    const victim = tab.doc.clientID;
    const [, session] = [...sessions].find(([person]) => person !== plan.person) ?? [];
    if (session === undefined || this.#witness.debt.clockOf(victim) === 0) return;
    const forged = forgery(tab.doc, victim, token);
    const socket = new WebSocket(`ws://${addresses[node]}/collab/${file}?token=${session}`);
    socket.on('error', () => undefined);
    socket.on('open', () => socket.send(syncFrame(UPDATE, forged)));
    this.#forgers.push(socket);
  }

  /** [ED1] What was promised before the log is read must be in it. */
  async #audit(): Promise<void> {
    const debt = this.#witness.debt.copy();
    const recorded = await this.#read();
    this.#problems.push(...recorded.missing(debt).map((sentence) => `promised at that time: ${sentence}`));
  }

  #read(): Promise<RecordedFile> {
    return RecordedFile.read(this.#world.store, this.#world.stream);
  }

  /** What was promised, and all that was made in the tabs that are still there. */
  #lastDebt(): Debt {
    const debt = this.#witness.debt.copy();
    for (const { tab } of this.#seats) for (const update of tab.updates) debt.add(update);
    return debt;
  }

  /** Waits until the log has everything and everybody shows the log. */
  async #settle(debt: Debt): Promise<void> {
    let state = '';
    const isSettled = async () => {
      const recorded = await this.#read();
      state = [...this.#endings(), ...recorded.missing(debt), ...this.#differences(recorded.text)].join('\n');
      return state === '' || this.#endings().length > 0;
    };
    await eventually(isSettled, () => `everybody seeing what the log has; ${state}`, SETTLE_MS).catch(
      (error: unknown) => this.#problems.push((error as Error).message),
    );
    this.#problems.push(...this.#endings());
  }

  /** AU6: 44xx means that the client did something that it would do again, and ours do nothing of that kind. */
  #endings(): string[] {
    return this.#seats.flatMap(({ tab, plan }, index) =>
      tab.ending === undefined ? [] : [`tab ${index} (${plan.client}) was closed for good: ${tab.ending}`],
    );
  }

  /** [ED2] [ND1] */
  #differences(text: string): string[] {
    return this.#seats.flatMap(({ tab, plan }, index) => {
      const shown = tab.text.toString();
      return shown === text ? [] : [`tab ${index} (${plan.client}) shows\n${shown}\nbut the log has\n${text}`];
    });
  }

  async #check(debt: Debt): Promise<void> {
    const recorded = await this.#read();
    this.#problems.push(...recorded.problems, ...this.#inventions(recorded), ...this.#tokenProblems(recorded, debt));
    for (const node of this.#world.addresses.keys()) await this.#checkNewcomer(node, recorded.text);
  }

  /** [ED4] [HF3] Nothing is in the log that no client made. */
  #inventions(recorded: RecordedFile): string[] {
    const made = new Y.Doc();
    for (const update of this.#witness.made) Y.applyUpdate(made, update);
    const problems = [...recorded.clocks].flatMap(([client, clock]) =>
      clock > Y.getState(made.store, client) ? [`of client ${client} the log has more than it made`] : [],
    );
    const deleted = Y.createDeleteSetFromStructStore(made.store);
    for (const [client, ranges] of Y.createDeleteSetFromStructStore(recorded.doc.store).clients)
      for (const { clock, len } of ranges)
        for (let at = clock; at < clock + len; at++)
          if (!Y.isDeleted(deleted, Y.createID(client, at)))
            problems.push(`${client}:${at} is deleted in the log, and nobody did`);
    return problems;
  }

  /** [ED4] Every token that was recorded and that nobody took out is there, with all its characters, and none too often. */
  #tokenProblems(recorded: RecordedFile, debt: Debt): string[] {
    const { text, doc } = recorded;
    const { tokens, removed } = this.#witness;
    const counts = countTokens(text);
    const problems: string[] = [];
    for (const [token, range] of tokens) {
      const count = counts.get(token) ?? 0;
      if (count > range.makings)
        problems.push(`${token} is there ${count} times, and was put there ${range.makings} times`);
      if (removed.has(token) || debt.clockOf(range.client) < range.end) continue;
      const found = shown(doc, range);
      if (found !== token) problems.push(`of ${token}, which nobody deleted, there is only "${found}"`);
    }
    return problems.length === 0 ? [] : [...problems, `in the text\n${text}`];
  }

  /** A person who comes now sees the same on every node. */
  async #checkNewcomer(node: number, text: string): Promise<void> {
    const { file, sessions, addresses } = this.#world;
    const token = [...sessions.values()][0] ?? '';
    const tab = new Tab('plain', { file, token, address: addresses[node] ?? '' }, new Witness());
    try {
      await eventually(() => tab.text.toString() === text, `somebody new on node ${node} seeing the text of the log`);
    } catch (error) {
      this.#problems.push(`${(error as Error).message}: they see\n${tab.text.toString()}\nbut the log has\n${text}`);
    } finally {
      tab.destroy();
    }
  }
}

/** A token as if the owner of this client id had typed it next. */
function forgery(original: Y.Doc, victim: number, token: string): Uint8Array {
  const doc = new Y.Doc();
  Y.applyUpdate(doc, Y.encodeStateAsUpdate(original));
  doc.clientID = victim;
  const before = Y.encodeStateVector(doc);
  doc.getText('text').insert(0, token);
  const update = Y.encodeStateAsUpdate(doc, before);
  doc.destroy();
  return update;
}
