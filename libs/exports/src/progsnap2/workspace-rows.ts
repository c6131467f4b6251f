import type { Actor, WorkspaceEvent } from '@palimpsest/domain';
import type { Cells, EventType } from './columns.js';
import { initiatorOf } from './edit-rows.js';
import type { WorkspaceTrace } from './workspace-trace.js';

export interface FileRow {
  readonly type: EventType;
  readonly cells: Cells;
}

/**
 * What happened to the tree, as a row; undefined where the standard has nothing for it: made folders, and a copy as a whole,
 * whose files are rows of their own. `trace` is as before the event.
 */
export function workspaceRow(event: WorkspaceEvent, trace: WorkspaceTrace, actor: Actor): FileRow | undefined {
  const EventInitiator = initiatorOf(actor);
  switch (event.type) {
    case 'WorkspaceOpened':
      return { type: 'Project.Open', cells: {} };
    case 'FileCreated': {
      const { path, copyOf } = event.data;
      const from = copyOf === undefined ? undefined : trace.pathOf(copyOf);
      if (from === undefined) return { type: 'File.Create', cells: { CodeStateSection: path, EventInitiator } };
      const cells = { CodeStateSection: from, DestinationCodeStateSection: path, EventInitiator };
      return { type: 'File.Copy', cells };
    }
    case 'FileRestored':
      return { type: 'File.Create', cells: { CodeStateSection: event.data.path, EventInitiator } };
    case 'FileMoved': {
      const { from, to } = event.data;
      return {
        type: 'File.Rename',
        cells: { CodeStateSection: from, DestinationCodeStateSection: to, EventInitiator },
      };
    }
    case 'FileDeleted':
      return { type: 'File.Delete', cells: { CodeStateSection: event.data.path, EventInitiator } };
    case 'WorkspaceCopied':
    case 'WorkHandedIn':
    case 'FolderCreated':
    case 'FolderMoved':
    case 'FolderDeleted':
    case 'FolderRestored':
      return undefined;
  }
}
