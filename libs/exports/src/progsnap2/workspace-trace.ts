import {
  type FileId,
  workspaceDecider,
  type WorkspaceEvent,
  type WorkspaceState,
  type Actor,
  asId,
} from '@palimpsest/domain';
import type { RecordedEvent } from '@palimpsest/event-store';
import type { ScopedWorkspace } from '../scope.js';

/** Last edit of a file since its last checkpoint. */
export interface Unsaved {
  readonly event: string;
  readonly actor: Actor;
}

/** A workspace on the way through the log. */
export class WorkspaceTrace {
  state: WorkspaceState = workspaceDecider.initial;
  /** Of the code state that was recorded last; undefined: none yet. */
  codeState: string | undefined;
  /** Files that were edited since the last checkpoint. */
  readonly unsaved = new Map<string, Unsaved>();
  /** Contents that came before their files: of a copied or uploaded file they are written first. */
  readonly early = new Map<string, RecordedEvent[]>();

  constructor(readonly workspace: ScopedWorkspace) {}

  evolve(event: WorkspaceEvent): void {
    this.state = workspaceDecider.evolve(this.state, event);
  }

  /** Where a file is, or was when it was deleted; undefined: it is not made yet. */
  pathOf(file: string): string | undefined {
    const id = asId<FileId>(file);
    return this.state.files.get(id) ?? this.state.deleted.get(id);
  }

  isBinary(file: string): boolean {
    return this.state.binary.has(asId<FileId>(file));
  }

  /** Live text files. */
  texts(): { readonly file: string; readonly path: string }[] {
    return [...this.state.files].flatMap(([file, path]) => (this.state.binary.has(file) ? [] : [{ file, path }]));
  }
}
