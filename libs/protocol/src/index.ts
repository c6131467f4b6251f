/** What crosses the wire: bodies and answers of the HTTP API, messages of the sockets, close codes. Browser-safe. */
export {
  ChangePasswordDto,
  PASSWORD_LEAST,
  PASSWORD_MOST,
  ROLE_NAMES,
  SessionDto,
  SignedInDto,
  SignInDto,
  SignInWaysDto,
  UserDto,
  type RoleName,
} from './auth.js';
export { firstPasswordsCsv } from './first-passwords.js';
export {
  AcceptInvitationDto,
  ChangeRoleDto,
  ConfirmRosterDto,
  CreateInvitationDto,
  DeactivateDto,
  FirstPasswordDto,
  InvitationDto,
  InvitationTokenDto,
  InvitedToDto,
  ManagedCourseDto,
  NewInvitationDto,
  NewPasswordDto,
  PeopleQueryDto,
  PersonDto,
  ROSTER_FIELDS,
  ROSTER_MOST_CHARACTERS,
  RosterDto,
  RosterImportedDto,
  RosterPreviewDto,
  type RosterChange,
  type RosterField,
  type RosterRowDto,
} from './people.js';
export {
  CourseDto,
  CreateFileDto,
  DecideModuleDto,
  FileDto,
  HealthDto,
  MemberDto,
  ModuleRuleDto,
  MoveFileDto,
  ProblemDto,
  ReachedLimitDto,
  WorkspaceDto,
  WorkspaceSummaryDto,
  WrittenDto,
  WrongFieldDto,
  type AccessName,
} from './classroom.js';
export {
  ChangeItemDto,
  ExtendDto,
  GroupDto,
  HandedInFileDto,
  ItemDto,
  ItemOverviewDto,
  OverviewRowDto,
  PublishItemDto,
  ReceiptDto,
  SetGroupDto,
  type ItemKindName,
  type ItemPhaseName,
} from './items.js';
export {
  ContentQueryDto,
  MoveFolderDto,
  PathDto,
  PathQueryDto,
  RestoreQueryDto,
  TrashEntryDto,
  UploadedDto,
  UsageDto,
  VersionDto,
  WorkspaceQueryDto,
  ZipQueryDto,
} from './files.js';
export {
  parseRunClientMessage,
  RequestRunDto,
  RUN_SOCKET_MAX_PAYLOAD,
  RunDto,
  type RunClientMessage,
  type RunServerMessage,
  type RunStateName,
} from './runs.js';
export { CLOSE, COLLAB_MAX_PAYLOAD, MESSAGE_ACKNOWLEDGED, MESSAGE_WAIT, WAIT_MAX_HELD } from './collaboration.js';
export {
  AuthorDto,
  ComparedPartDto,
  CompareQueryDto,
  ComparisonDto,
  FileHistoryDto,
  FileStateDto,
  HistoryMarkDto,
  HistoryPageDto,
  HistoryPageQueryDto,
  HistoryRunDto,
  HistoryStretchDto,
  MomentQueryDto,
  PasteOriginDto,
  RestoredMomentDto,
  RestoreMomentDto,
  RunErrorDto,
  RunFixDto,
  type TextSplice,
  type WrittenSpan,
} from './history.js';
export { AfterQueryDto, DEFAULT_PAGE, PageQueryDto, POSITION } from './paging.js';
export { AuditActorDto, AuditEntryDto, AuditPageDto, AuditQueryDto, LookDto } from './audit.js';
export {
  EventStoreStateDto,
  ProjectionStateDto,
  RebuildStateDto,
  SystemDto,
  type ProjectionStateName,
} from './system.js';
/** The replay of a file: pages of edits and keyframes as bytes, and a text that knows who wrote it. */
export {
  decodeReplayPage,
  EDIT_KINDS,
  encodeReplayPage,
  REPLAY_FORMAT,
  type EditKind,
  type ReplayEdit,
  type ReplayPage,
} from './replay/replay-page.js';
export { decodeReplayKeyframe, encodeReplayKeyframe, type ReplayKeyframe } from './replay/replay-keyframe.js';
export { EditSources, type EditSource } from './replay/edit-sources.js';
export { spansOf, WrittenText, type EditSpan } from './replay/written-text.js';
