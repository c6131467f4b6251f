import type { AuditEvent } from './audit.js';
import type { CourseEvent } from './course.js';
import type { ItemEvent } from './course-item.js';
import type { EvidenceEvent } from './evidence.js';
import type { ExecutorEvent } from './executor.js';
import { FILE_EDITED, type FileEvent } from './file.js';
import type { RunEvent } from './run.js';
import type { SessionEvent } from './session.js';
import type { UserEvent } from './user.js';
import type { WorkspaceEvent } from './workspace.js';

/** Every event with JSON data. FileEdited is binary and carries its format in its first byte. */
export type DomainEvent =
  | UserEvent
  | SessionEvent
  | CourseEvent
  | ItemEvent
  | WorkspaceEvent
  | FileEvent
  | RunEvent
  | ExecutorEvent
  | AuditEvent
  | EvidenceEvent;
export type EventType = DomainEvent['type'];

/** Turns the data of one schema version into the next one's. Pure. */
export type Upcaster = (data: unknown) => unknown;

/** For each type its upcasters, the one from version 1 to 2 first. The current version is their number plus one. */
export type UpcasterChain = Readonly<Record<string, readonly Upcaster[]>>;

/** Every type that this version of the program knows. Empty lists: no shape has changed yet. */
export const UPCASTERS = {
  UserRegistered: [],
  UserRoleChanged: [],
  UserRenamed: [],
  UserDeactivated: [],
  UserReactivated: [],
  EmailChanged: [],
  IdentityLinked: [],
  PasswordChanged: [],
  SignedIn: [],
  SignInRefused: [],
  SignedOut: [],
  SessionExpired: [],
  SessionRevoked: [],
  ConnectionOpened: [],
  ConnectionClosed: [],
  CourseCreated: [],
  MemberEnrolled: [],
  MemberRemoved: [],
  SectionAdded: [],
  ModuleAllowed: [],
  ModuleRefused: [],
  ItemPublished: [],
  ItemChanged: [],
  ItemWithdrawn: [],
  ExtensionGranted: [],
  ExtensionWithdrawn: [],
  GroupFormed: [],
  GroupChanged: [],
  InvitationCreated: [],
  InvitationUsed: [],
  InvitationRevoked: [],
  WorkspaceOpened: [],
  WorkspaceCopied: [],
  WorkHandedIn: [],
  FileCreated: [],
  FileMoved: [],
  FileDeleted: [],
  FileRestored: [],
  FolderCreated: [],
  FolderMoved: [],
  FolderDeleted: [],
  FolderRestored: [],
  ContentStored: [],
  RunRequested: [],
  RunStarted: [],
  OutputEmitted: [],
  InputProvided: [],
  TerminalResized: [],
  ReplEntered: [],
  ErrorRaised: [],
  FigureProduced: [],
  RunCancelled: [],
  FilesCollected: [],
  FileProduced: [],
  FilesNotKept: [],
  RunFinished: [],
  ExecutorStarted: [],
  ExecutorStopped: [],
  IntakePaused: [],
  IntakeResumed: [],
  CleanupDone: [],
  HistoryViewed: [],
  WorkspaceViewed: [],
  MetricsViewed: [],
  ActivityViewed: [],
  LogQueried: [],
  ExportStarted: [],
  ExportFinished: [],
  AccessRefused: [],
  LimitReached: [],
  CheckpointSigned: [],
} satisfies Record<EventType, readonly Upcaster[]>;

/** Names of all event types, FileEdited included. */
export const EVENT_TYPES: readonly string[] = [...Object.keys(UPCASTERS), FILE_EDITED];

/** The event was written by a newer version of the program, or by something else. Nothing is lost; this version cannot read it. */
export class UnreadableEvent extends Error {
  readonly code = 'unreadable-event';
  constructor(type: string, reason: string) {
    super(`An event of type ${type} cannot be read: ${reason}`);
    this.name = 'UnreadableEvent';
  }
}

/** Version with which events of this type are written now. */
export function currentVersion(type: EventType): number {
  return UPCASTERS[type].length + 1;
}

/**
 * Data as stored with schema version `version`, in the shape of the current one.
 * Throws UnreadableEvent for an unknown type and for a version from the future.
 */
export function upcast(type: string, version: number, data: unknown, chain: UpcasterChain = UPCASTERS): unknown {
  const steps = Object.hasOwn(chain, type) ? chain[type] : undefined;
  if (steps === undefined) throw new UnreadableEvent(type, 'this version of the program does not know the type.');
  const current = steps.length + 1;
  if (!Number.isInteger(version) || version < 1 || version > current)
    throw new UnreadableEvent(
      type,
      `it has schema version ${version}; this program reads up to ${current}. Upgrade it.`,
    );
  return steps.slice(version - 1).reduce((value, step) => step(value), data);
}
