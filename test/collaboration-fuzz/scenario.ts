/**
 * What a round of the fuzz does, made from a seed alone: the same seed gives the same scenario. Networks, processes and Postgres
 * decide when each step falls, so a seed that failed may need a few rounds to fail again (FUZZ_ROUNDS).
 *
 * Everything that is typed is a token, and no token is typed twice: `‹3.17:payload›` is the 17th of tab 3. Tokens are put
 * between whole tokens and deleted whole, so at the end one can count: what nobody deleted is there, and there once. (Only undo
 * may bring text back into the middle of a token that somebody else is typing.)
 */
export type TabStep =
  /** `at` is a share of the places between tokens. With `pace` each key waits that many milliseconds for the one before. */
  | { readonly kind: 'type'; readonly at: number; readonly token: string; readonly pace: number }
  /** One update with several tokens. */
  | { readonly kind: 'paste'; readonly at: number; readonly tokens: readonly string[] }
  | { readonly kind: 'delete'; readonly at: number; readonly count: number }
  | { readonly kind: 'undo' }
  | { readonly kind: 'redo' }
  | { readonly kind: 'wait'; readonly ms: number }
  /** The connection breaks, and the next one is tried at once, perhaps to another node. */
  | { readonly kind: 'cut'; readonly node: number }
  /** Nothing arrives for a while; what is sent goes out. */
  | { readonly kind: 'stall'; readonly ms: number }
  | { readonly kind: 'offline' }
  | { readonly kind: 'online'; readonly node: number }
  /** The tab is gone for ever, with all that was not sent; the person opens a new one. */
  | { readonly kind: 'crash'; readonly node: number }
  /** Somebody else writes under this tab's client id, on this node. */
  | { readonly kind: 'forge'; readonly node: number; readonly token: string };

/** What happens to the servers. */
export type ServerStep =
  | { readonly kind: 'wait'; readonly ms: number }
  | { readonly kind: 'kill'; readonly nodes: readonly number[]; readonly downMs: number }
  /** Every connection of the nodes to Postgres ends. */
  | { readonly kind: 'cut-store' }
  /** What has been promised by now is compared with the log. */
  | { readonly kind: 'audit' };

export interface TabPlan {
  readonly person: string;
  /** `plain`: the provider of y-websocket as it is. `durable`: that of our page, with acknowledgements. */
  readonly client: 'plain' | 'durable';
  readonly node: number;
  readonly steps: readonly TabStep[];
}

export interface Scenario {
  readonly seed: number;
  readonly tabs: readonly TabPlan[];
  readonly servers: readonly ServerStep[];
}

export interface Size {
  readonly nodes: number;
  readonly people: readonly string[];
  /** People who may only read. */
  readonly readers: readonly string[];
  /** Steps of each tab, at most. */
  readonly steps: number;
  /** Longest wait of a tab between steps, milliseconds. */
  readonly tabWait: number;
  /** Most kills of nodes. */
  readonly kills: number;
  /** Longest wait between what happens to the servers, milliseconds. */
  readonly serverWait: number;
}

/** Whole numbers below the argument, the same for the same seed (mulberry32). */
export type Dice = (below: number) => number;

export function diceOf(seed: number): Dice {
  let state = Math.imul(seed, 0x9e3779b1);
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
  };
}

export function pick<T>(dice: Dice, from: readonly T[]): T {
  return from[dice(from.length)]!;
}

/** Whether something of this chance, in percent, happens. */
export function happens(dice: Dice, percent: number): boolean {
  return dice(100) < percent;
}

/** What an editor could get wrong: surrogate pairs, joined emoji, combining marks, right to left, line ends, invisible ones. */
const PIECES = [
  'x',
  'while True:',
  '\n    ',
  '\n',
  '\t',
  '𝒳',
  '🧪',
  '👩🏽‍💻',
  'é',
  'e\u0301\u0323',
  'n\u0303\u0308\u0302',
  'שלום',
  'مرحبا',
  '\u202eabc\u202c',
  '漢字かな',
  '𠮷',
  '\u200b',
  '\u00a0',
  '\ufeff',
  '🇩🇪🇫🇷',
];

const WRITING: ReadonlySet<TabStep['kind']> = new Set(['type', 'paste', 'delete', 'undo', 'redo', 'forge']);

export function makeScenario(seed: number, size: Size): Scenario {
  const dice = diceOf(seed);
  const count = 2 + dice(7);
  const tabs = Array.from({ length: count }, (_, tab) => makeTab(dice, tab, size));
  return { seed, tabs, servers: makeServerSteps(dice, size) };
}

function makeTab(dice: Dice, tab: number, size: Size): TabPlan {
  let tokens = 0;
  const token = () => {
    const payload = Array.from({ length: dice(4) }, () => pick(dice, PIECES)).join('');
    return `‹${tab}.${tokens++}:${payload}›`;
  };
  const isReader = happens(dice, 12);
  const steps: TabStep[] = [];
  const length = 5 + dice(size.steps - 4);
  while (steps.length < length)
    steps.push(...makeSteps(dice, token, size).filter(({ kind }) => !isReader || !WRITING.has(kind)));
  return {
    person: pick(dice, isReader ? size.readers : size.people),
    client: happens(dice, 50) ? 'plain' : 'durable',
    node: dice(size.nodes),
    steps,
  };
}

function makeSteps(dice: Dice, token: () => string, size: Size): TabStep[] {
  const at = () => dice(1000) / 1000;
  const type = (): TabStep => ({ kind: 'type', at: at(), token: token(), pace: happens(dice, 30) ? 1 + dice(4) : 0 });
  const chance = dice(100);
  if (chance < 34) return [type()];
  if (chance < 44) return [{ kind: 'paste', at: at(), tokens: Array.from({ length: 1 + dice(5) }, token) }];
  if (chance < 55) return [{ kind: 'delete', at: at(), count: 1 + dice(3) }];
  if (chance < 61) return [{ kind: 'undo' }];
  if (chance < 64) return [{ kind: 'redo' }];
  if (chance < 78) return [{ kind: 'wait', ms: dice(size.tabWait) }];
  if (chance < 86) return [{ kind: 'cut', node: dice(size.nodes) }];
  if (chance < 89) return [{ kind: 'stall', ms: dice(3 * size.tabWait) }];
  if (chance < 96) {
    const behind = Array.from({ length: dice(4) }, type);
    const wait: TabStep = { kind: 'wait', ms: dice(4 * size.tabWait) };
    // Who comes back often goes on typing before the server has answered.
    return [{ kind: 'offline' }, ...behind, wait, { kind: 'online', node: dice(size.nodes) }, type()];
  }
  if (chance < 98) return [{ kind: 'crash', node: dice(size.nodes) }];
  return [{ kind: 'forge', node: dice(size.nodes), token: token() }];
}

function makeServerSteps(dice: Dice, size: Size): ServerStep[] {
  const wait = (): ServerStep => ({ kind: 'wait', ms: dice(size.serverWait) });
  const steps: ServerStep[] = [];
  const kills = dice(size.kills + 1);
  for (let n = 0; n < kills; n++) {
    const all = Array.from({ length: size.nodes }, (_, node) => node);
    const nodes = happens(dice, 25) ? all : [pick(dice, all)];
    steps.push(wait(), { kind: 'kill', nodes, downMs: dice(200) });
    if (happens(dice, 50)) steps.push(wait(), { kind: 'audit' });
  }
  if (happens(dice, 25)) steps.splice(dice(steps.length + 1), 0, wait(), { kind: 'cut-store' });
  return [...steps, wait(), { kind: 'audit' }];
}
