import { randomUUID } from 'node:crypto';
import {
  type Decision,
  encodeEvent,
  type FileId,
  fold,
  type Rejection,
  streamOf,
  type WorkspaceCommand,
  workspaceDecider,
  type WorkspaceEvent,
  type WorkspaceId,
  type WorkspaceState,
} from '@palimpsest/domain';
import { type EventStore, type Expected, WrongExpectedVersion } from '@palimpsest/event-store';
import type { CommandHandler } from '../commands/command-handler.js';
import type { CommandContext } from '../commands/context.js';

/** Lost races before giving up. */
const MAX_ATTEMPTS = 20;

/**
 * The tree of a workspace for somebody who changes it several times: loaded once, and again when another was faster. Every
 * change is decided by the domain on the newest state.
 */
export class WorkspaceTree {
  readonly #store: EventStore;
  readonly #commands: CommandHandler;
  readonly #stream: string;
  #state: WorkspaceState;
  #expected: Expected;

  private constructor(
    store: EventStore,
    commands: CommandHandler,
    stream: string,
    loaded: { state: WorkspaceState; expected: Expected },
  ) {
    this.#store = store;
    this.#commands = commands;
    this.#stream = stream;
    this.#state = loaded.state;
    this.#expected = loaded.expected;
  }

  static async load(store: EventStore, commands: CommandHandler, workspace: WorkspaceId): Promise<WorkspaceTree> {
    const stream = streamOf.workspace(workspace);
    return new WorkspaceTree(store, commands, stream, await commands.load(stream, workspaceDecider));
  }

  get state(): WorkspaceState {
    return this.#state;
  }

  pathOf(file: FileId): string | undefined {
    return this.#state.files.get(file);
  }

  fileAt(path: string): FileId | undefined {
    for (const [file, taken] of this.#state.files) if (taken === path) return file;
    return undefined;
  }

  /**
   * Carries out the commands that `choose` gives for the newest state, all or none. Returns why not, or undefined.
   * `choose` is asked again when somebody else changed the tree meanwhile.
   */
  async change(
    choose: (tree: WorkspaceTree) => readonly WorkspaceCommand[],
    context: CommandContext,
  ): Promise<Rejection | undefined> {
    for (let attempt = 1; ; attempt++) {
      const decided = decideAll(choose(this), this.#state);
      if (!decided.accepted) return decided.rejection;
      if (decided.events.length === 0) return undefined;
      const events = decided.events.map((event) => ({ id: randomUUID(), ...encodeEvent(event, context) }));
      try {
        const { revision } = await this.#store.append(this.#stream, events, { expected: this.#expected });
        this.#state = fold(workspaceDecider, decided.events, this.#state);
        this.#expected = revision;
        return undefined;
      } catch (error) {
        if (!(error instanceof WrongExpectedVersion) || attempt >= MAX_ATTEMPTS) throw error;
        const { state, expected } = await this.#commands.load(this.#stream, workspaceDecider);
        this.#state = state;
        this.#expected = expected;
      }
    }
  }
}

function decideAll(commands: readonly WorkspaceCommand[], from: WorkspaceState): Decision<WorkspaceEvent> {
  let state = from;
  const events: WorkspaceEvent[] = [];
  for (const command of commands) {
    const decision = workspaceDecider.decide(command, state);
    if (!decision.accepted) return decision;
    events.push(...decision.events);
    state = fold(workspaceDecider, decision.events, state);
  }
  return { accepted: true, events };
}
