import type { FILE_EDITED } from './file.js';
import type { RunOutcome } from './run.js';
import type { DomainEvent, EventType } from './upcasters.js';

/** What an operation was about. The names are part of the query language and of exports. */
export type ObjectKind =
  | 'account'
  | 'session'
  | 'course'
  | 'item'
  | 'workspace'
  | 'file'
  | 'folder'
  | 'run'
  | 'executor'
  | 'log'
  | 'export'
  | 'access'
  | 'limit';

/** How an operation ended: `limited` was stopped by a limit, `error` is what a program or the system did wrong. */
export type AuditOutcome = 'ok' | 'refused' | 'limited' | 'error';
export const AUDIT_OUTCOMES: readonly AuditOutcome[] = ['ok', 'refused', 'limited', 'error'];

interface Operation {
  /** Stable: auditors keep queries with it. */
  readonly action: string;
  readonly kind: ObjectKind;
}

const operation = (action: string, kind: ObjectKind): Operation => ({ action, kind });

/** The action that each type of event records. Complete by the compiler; one to one, so that an action finds its type. */
const OPERATIONS = {
  UserRegistered: operation('account.create', 'account'),
  UserRoleChanged: operation('account.role', 'account'),
  UserRenamed: operation('account.rename', 'account'),
  UserDeactivated: operation('account.deactivate', 'account'),
  UserReactivated: operation('account.reactivate', 'account'),
  EmailChanged: operation('account.email', 'account'),
  IdentityLinked: operation('account.link', 'account'),
  PasswordChanged: operation('account.password', 'account'),
  SignedIn: operation('sign-in.succeed', 'session'),
  SignInRefused: operation('sign-in.refuse', 'account'),
  SignedOut: operation('session.sign-out', 'session'),
  SessionExpired: operation('session.expire', 'session'),
  ConnectionOpened: operation('connection.open', 'session'),
  ConnectionClosed: operation('connection.close', 'session'),
  SessionRevoked: operation('session.revoke', 'session'),
  CourseCreated: operation('course.create', 'course'),
  MemberEnrolled: operation('course.enrol', 'course'),
  MemberRemoved: operation('course.remove', 'course'),
  SectionAdded: operation('course.section', 'course'),
  ModuleAllowed: operation('course.module-allow', 'course'),
  ModuleRefused: operation('course.module-refuse', 'course'),
  ItemPublished: operation('item.publish', 'item'),
  ItemChanged: operation('item.change', 'item'),
  ItemWithdrawn: operation('item.withdraw', 'item'),
  ExtensionGranted: operation('extension.grant', 'item'),
  ExtensionWithdrawn: operation('extension.withdraw', 'item'),
  GroupFormed: operation('group.form', 'item'),
  GroupChanged: operation('group.change', 'item'),
  InvitationCreated: operation('invitation.create', 'course'),
  InvitationUsed: operation('invitation.use', 'course'),
  InvitationRevoked: operation('invitation.revoke', 'course'),
  WorkspaceOpened: operation('workspace.open', 'workspace'),
  WorkspaceCopied: operation('workspace.copy', 'workspace'),
  WorkHandedIn: operation('work.hand-in', 'workspace'),
  FileCreated: operation('file.create', 'file'),
  FileMoved: operation('file.move', 'file'),
  FileDeleted: operation('file.delete', 'file'),
  FileRestored: operation('file.restore', 'file'),
  FolderCreated: operation('folder.create', 'folder'),
  FolderMoved: operation('folder.move', 'folder'),
  FolderDeleted: operation('folder.delete', 'folder'),
  FolderRestored: operation('folder.restore', 'folder'),
  FileEdited: operation('file.edit', 'file'),
  ContentStored: operation('file.store', 'file'),
  RunRequested: operation('run.request', 'run'),
  RunStarted: operation('run.start', 'run'),
  OutputEmitted: operation('run.output', 'run'),
  InputProvided: operation('run.input', 'run'),
  TerminalResized: operation('run.resize', 'run'),
  ReplEntered: operation('run.prompt', 'run'),
  ErrorRaised: operation('run.error', 'run'),
  FigureProduced: operation('run.figure', 'run'),
  RunCancelled: operation('run.cancel', 'run'),
  FilesCollected: operation('run.collect', 'run'),
  FileProduced: operation('run.write-file', 'run'),
  FilesNotKept: operation('run.lose-file', 'run'),
  RunFinished: operation('run.finish', 'run'),
  ExecutorStarted: operation('executor.start', 'executor'),
  ExecutorStopped: operation('executor.stop', 'executor'),
  IntakePaused: operation('executor.pause', 'executor'),
  IntakeResumed: operation('executor.resume', 'executor'),
  CleanupDone: operation('executor.clean-up', 'executor'),
  HistoryViewed: operation('history.view', 'file'),
  WorkspaceViewed: operation('workspace.view', 'workspace'),
  MetricsViewed: operation('metrics.view', 'course'),
  ActivityViewed: operation('activity.view', 'account'),
  LogQueried: operation('log.query', 'log'),
  CheckpointSigned: operation('checkpoint.sign', 'log'),
  ExportStarted: operation('export.start', 'export'),
  ExportFinished: operation('export.finish', 'export'),
  AccessRefused: operation('access.refuse', 'access'),
  LimitReached: operation('limit.reach', 'limit'),
} satisfies Record<EventType | typeof FILE_EDITED, Operation>;

const OPERATION_OF: Readonly<Record<string, Operation | undefined>> = OPERATIONS;

/** Every action, in the order of the alphabet. */
export const AUDIT_ACTIONS: readonly string[] = Object.values(OPERATIONS)
  .map(({ action }) => action)
  .sort();

/** The action of an event's type; the type itself for one that this version does not know. */
export function actionOf(type: string): string {
  return OPERATION_OF[type]?.action ?? type;
}

/** What an event of this type is about; `log` for a type that this version does not know. */
export function objectKindOf(type: string): ObjectKind {
  return OPERATION_OF[type]?.kind ?? 'log';
}

/** The types of events that an action, or a beginning of actions, stands for. */
export function typesOfAction(action: string, isPrefix: boolean): string[] {
  return Object.entries(OPERATIONS)
    .filter(([, known]) => (isPrefix ? known.action.startsWith(action) : known.action === action))
    .map(([type]) => type);
}

/** Whether an operation was done, refused, stopped by a limit, or went wrong. */
export function auditOutcomeOf(event: DomainEvent): AuditOutcome {
  switch (event.type) {
    case 'RunFinished':
      return outcomeOfRun(event.data.outcome);
    case 'SignInRefused':
    case 'AccessRefused':
      return 'refused';
    case 'LimitReached':
    case 'IntakePaused':
    case 'FilesNotKept':
      return 'limited';
    case 'ErrorRaised':
      return 'error';
    default:
      return 'ok';
  }
}

function outcomeOfRun(outcome: RunOutcome): AuditOutcome {
  switch (outcome.kind) {
    case 'exited':
      return outcome.code === 0 ? 'ok' : 'error';
    case 'cancelled':
      return 'ok';
    case 'refused':
      return 'refused';
    case 'timed-out':
    case 'out-of-memory':
    case 'output-limit':
    case 'workspace-limit':
      return 'limited';
    case 'signalled':
    case 'interrupted':
    case 'failed':
      return 'error';
  }
}
