/**
 * The same contract for a browser: constants and pure functions as values, bodies and answers as types only, so that a
 * bundle does not carry the validators that the DTO classes of the index are decorated with.
 */
export { CLOSE, COLLAB_MAX_PAYLOAD, MESSAGE_ACKNOWLEDGED, MESSAGE_WAIT, WAIT_MAX_HELD } from './collaboration.js';
export type {
  ChangePasswordDto,
  RoleName,
  SessionDto,
  SignedInDto,
  SignInDto,
  SignInWaysDto,
  UserDto,
} from './auth.js';
export type { CheckpointDto, EventProofDto, EvidenceDto, EvidenceStateName } from './evidence.js';
export type * from './people.js';
export { firstPasswordsCsv } from './first-passwords.js';
export type {
  AccessName,
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
} from './classroom.js';
export type {
  ChangeItemDto,
  GroupDto,
  ItemDto,
  ItemKindName,
  ItemOverviewDto,
  ItemPhaseName,
  OverviewRowDto,
  PublishItemDto,
  ReceiptDto,
} from './items.js';
export type { MoveFolderDto, PathDto, TrashEntryDto, UploadedDto, UsageDto, VersionDto } from './files.js';
export type { ActivityEntryDto, ActivityKindName, SessionActivityDto } from './activity.js';
export type {
  OutcomeName,
  RequestRunDto,
  RunClientMessage,
  RunCodeDto,
  RunCodeFileDto,
  RunDetailDto,
  RunDto,
  RunErrorDto,
  RunServerMessage,
  RunStateName,
} from './runs.js';
export type {
  AuthorDto,
  ComparedPartDto,
  ComparisonDto,
  FileHistoryDto,
  FileStateDto,
  HistoryErrorDto,
  HistoryMarkDto,
  HistoryPageDto,
  HistoryRunDto,
  HistoryStretchDto,
  PasteOriginDto,
  RestoredMomentDto,
  RunFixDto,
  TextSplice,
  WrittenSpan,
} from './history.js';
export type { AuditEntryDto, AuditHistogramDto, AuditPageDto, AuditQueryDto, LookDto } from './audit.js';
export type {
  EventStoreStateDto,
  ProjectionStateDto,
  ProjectionStateName,
  RebuildStateDto,
  SystemDto,
} from './system.js';
export type {
  CourseMetricsDto,
  DayMetricsDto,
  FiguresDto,
  MetricsQueryDto,
  NamedCountDto,
  OwnMetricsDto,
  PersonMetricsDto,
  StudentMetricsDto,
  StudentMetricsQueryDto,
} from './metrics.js';
export type { LatencyDto, ProjectionLagDto, ServiceDto, SharedServiceDto } from './service.js';
export {
  decodeReplayPage,
  EDIT_KINDS,
  REPLAY_FORMAT,
  type EditKind,
  type ReplayEdit,
  type ReplayPage,
} from './replay/replay-page.js';
export { decodeReplayKeyframe, type ReplayKeyframe } from './replay/replay-keyframe.js';
export { EditSources, type EditSource } from './replay/edit-sources.js';
export { spansOf, WrittenText, type EditSpan } from './replay/written-text.js';
