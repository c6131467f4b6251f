/** Events, deciders, upcasters: what can happen in a classroom and by which rules. Pure; safe in a browser. */
export { ByteReader, ByteWriter, fromJsonBytes, toJsonBytes } from './bytes.js';
export { accept, fold, reject, type Decider, type Decision, type Rejection, type RejectionCode } from './decider.js';
export {
  asId,
  ID_PATTERN,
  isId,
  type CourseId,
  type DeletionId,
  type FileId,
  type ItemId,
  type RunId,
  type SessionId,
  type UserId,
  type WorkspaceId,
} from './identifiers.js';
export { charactersOf, type UpdateCharacters } from './update-characters.js';
export { isPasted, PASTE_UNITS } from './paste.js';
export { partsOfStream, streamOf } from './streams.js';
export { ORIGINS, ROLES, SYSTEM, type Actor, type EventMetadata, type Role, type Via } from './metadata.js';
export {
  checkPath,
  folderOf,
  foldersAbove,
  isWithin,
  pathKey,
  staysInside,
  utf8Length,
  type PathCheck,
} from './path.js';
export {
  MAX_DISPLAY_NAME,
  USERNAME,
  userDecider,
  type LinkedBy,
  type UserCommand,
  type UserEvent,
  type UserState,
} from './user.js';
export type {
  ConnectionClosed,
  ConnectionEnd,
  ConnectionOpened,
  RevocationReason,
  SessionEvent,
  SessionExpired,
  SessionRevoked,
  SignedIn,
  SignedOut,
  SignInRefusal,
  SignInRefused,
} from './session.js';
export {
  COURSE_ROLES,
  courseDecider,
  INVITATION_MOST_DAYS,
  INVITATION_MOST_USES,
  invitationProblem,
  type CourseCommand,
  type CourseEvent,
  type CourseRole,
  type CourseState,
  type Invitation,
} from './course.js';
export {
  ITEM_KINDS,
  itemDecider,
  limitOf,
  MAX_GROUP_MEMBERS,
  MAX_GROUPS,
  type Group,
  type ItemCommand,
  type ItemEvent,
  type ItemKind,
  type ItemPublished,
  type ItemState,
  type ItemTimes,
} from './course-item.js';
export { deadlineOf, isLate, lockOf, nextTurn, phaseOf, type ItemPhase, type Schedule } from './item-phase.js';
export { digestText, type CopiedFile, type HandedInFile, type WorkHandedIn, type WorkspaceCopied } from './work.js';
export {
  isFolder,
  MAX_FILES,
  workspaceDecider,
  type FolderDeletion,
  type NewFile,
  type WorkspaceOpened,
  type WorkspaceCommand,
  type WorkspaceEvent,
  type WorkspaceKind,
  type WorkspaceState,
} from './workspace.js';
export { isRestrictedModule, refusedModules, RESTRICTED_MODULES, type RestrictedModule } from './restricted-module.js';
export {
  MAX_INPUT_LENGTH,
  RUN_QUEUE,
  runDecider,
  TERMINAL_COLUMNS,
  TERMINAL_ROWS,
  type CollectedFile,
  type FileChange,
  type FileContent,
  type FileProduced,
  type FilesCollected,
  type FilesNotKept,
  type NotKept,
  type NotKeptReason,
  type ErrorRaised,
  type FigureProduced,
  type RunCommand,
  type RunEvent,
  type RunFile,
  type RunFinished,
  type RunMode,
  type RunOutcome,
  type RunRequested,
  type RunStarted,
  type RunState,
  type RunUsage,
  type ScriptEnd,
} from './run.js';
export {
  executorLock,
  isExecutorName,
  type CleanupDone,
  type ExecutorEvent,
  type ExecutorStarted,
  type ExecutorStopped,
  type IntakePaused,
  type IntakeResumed,
  type ShortResource,
} from './executor.js';
export type { CheckpointSigned, EvidenceEvent } from './evidence.js';
export type {
  AccessRefused,
  ActivityViewed,
  AuditEvent,
  ExportFinished,
  ExportFormat,
  ExportStarted,
  HistoryViewed,
  MetricsViewed,
  LimitKind,
  LimitReached,
  LogQueried,
  WorkspaceViewed,
} from './audit.js';
export {
  CONTENT_STORED,
  decodeFileEdited,
  encodeFileEdited,
  FILE_EDITED,
  MAX_TEXT_LENGTH,
  TEXT_ROOT,
  type ContentStored,
  type Edit,
  type EditOrigin,
  type FileEdited,
  type FileEvent,
  type FileKind,
} from './file.js';
export {
  currentVersion,
  EVENT_TYPES,
  UnreadableEvent,
  upcast,
  UPCASTERS,
  type DomainEvent,
  type EventType,
  type Upcaster,
  type UpcasterChain,
} from './upcasters.js';
export { encodeEvent, readEvent, readMetadata, type EncodedEvent, type StoredEvent } from './recorded.js';
export {
  actionOf,
  AUDIT_ACTIONS,
  AUDIT_OUTCOMES,
  auditOutcomeOf,
  objectKindOf,
  typesOfAction,
  type AuditOutcome,
  type ObjectKind,
} from './audit-actions.js';
export {
  AUDIT_KEYS,
  AUDIT_QUERY_MOST,
  AUDIT_TERMS_MOST,
  AUDIT_VALUES_MOST,
  parseAuditQuery,
  printAuditQuery,
  printAuditTerm,
  rangeOfQuery,
  type AuditKey,
  type AuditQuery,
  type AuditRange,
  type AuditTerm,
  type AuditValue,
  type ParsedQuery,
  type QueryMistake,
} from './audit-query.js';
export { plainAddress } from './audit-address.js';
export { wordsOf } from './words.js';
