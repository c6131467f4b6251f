import type { ItemKind, ItemPhase, Role } from '@palimpsest/domain';
import {
  allows,
  mayAdministerAccounts,
  mayExportCourse,
  mayIdentify,
  mayManageCourse,
  mayManageItems,
  mayProveEvents,
  mayReadAuditLog,
  maySeeActivity,
  maySeeItem,
  maySeeMetrics,
  maySeeOverview,
  maySeeRoster,
  maySeeSystem,
  mayTakeCopy,
  type WorkspaceAction,
  type WorkspaceFacts,
  workspaceRight,
} from './policies.js';

/** Who asks, as the session says; undefined: nobody who is signed in. */
export type Asker = { readonly id: string; readonly role: Role } | undefined;

/** What is asked about. What an action does not concern may be missing. */
export interface Facts {
  /** Role in the course; undefined for people who do not belong to it. */
  readonly courseRole?: string | undefined;
  readonly workspace?: WorkspaceFacts;
  readonly file?: 'text' | 'binary' | 'deleted';
  /** What a course publishes, as it stands for the asker. */
  readonly item?: { readonly kind: ItemKind; readonly phase: ItemPhase };
  /** Id of the person whom it is about, or whose data it is. */
  readonly person?: string;
}

type Rule = (asker: NonNullable<Asker>, facts: Facts) => boolean;

const inWorkspace =
  (action: WorkspaceAction): Rule =>
  (asker, { courseRole, workspace }) =>
    workspace !== undefined && allows(workspaceRight(asker, courseRole, workspace), action);

/**
 * Every action there is and its rule. What each needs to be true is in policies.ts; docs/PERMISSIONS.md is made from this
 * table. Everything needs a session but `open`.
 */
export const ACTIONS = {
  /** Without a session: signing in, by whichever way; the state of the service. */
  open: () => true,
  /** One's own account, session, and the list of who has looked at one's work. */
  self: () => true,
  /** The courses that one belongs to: what is in the answer depends on the person. */
  'courses.list': () => true,
  'workspace.see': inWorkspace('see'),
  'workspace.history': inWorkspace('see'),
  'workspace.edit': inWorkspace('edit'),
  'workspace.run': inWorkspace('run'),
  'file.type': (asker, facts) => facts.file === 'text' && inWorkspace('edit')(asker, facts),
  'course.roster': (_, { courseRole }) => courseRole !== undefined && maySeeRoster(courseRole),
  /** What another person has done in a course; one's own is `self`. */
  'person.activity': ({ role }, { courseRole }) => maySeeActivity(role, courseRole),
  'course.people': ({ role }, { courseRole }) => mayManageCourse(role, courseRole),
  'course.modules': ({ role }, { courseRole }) => mayManageCourse(role, courseRole),
  'items.list': ({ role }, { courseRole }) => role === 'admin' || courseRole !== undefined,
  'item.see': ({ role }, { courseRole, item }) => item !== undefined && maySeeItem(role, courseRole, item.phase),
  'item.copy': ({ role }, { courseRole, item }) =>
    item !== undefined && mayTakeCopy(role, courseRole, item.kind, item.phase),
  'item.manage': ({ role }, { courseRole }) => mayManageItems(role, courseRole),
  'item.overview': ({ role }, { courseRole }) => maySeeOverview(role, courseRole),
  'metrics.class': ({ role }, { courseRole }) => maySeeMetrics(role, courseRole),
  /** Of one person: one's own as a member of the course, and those of others as of the class. */
  'metrics.person': ({ id, role }, { courseRole, person }) =>
    maySeeMetrics(role, courseRole) || (courseRole !== undefined && person === id),
  /** Of one's own copy or that of one's group, while it may be written. */
  'work.handIn': (asker, facts) => facts.workspace?.kind === 'copy' && inWorkspace('edit')(asker, facts),
  'export.course': ({ role }, { courseRole }) => mayExportCourse(role, courseRole),
  'export.identified': ({ role }, { courseRole }) => mayIdentify(role, courseRole),
  /** Everything about one person: for themselves, and for those who have to answer when somebody asks for it. */
  'export.person': ({ id, role }, { person }) => person === id || (person !== undefined && mayAdministerAccounts(role)),
  'accounts.administer': ({ role }) => mayAdministerAccounts(role),
  'audit.read': ({ role }) => mayReadAuditLog(role),
  'system.see': ({ role }) => maySeeSystem(role),
  /** The public keys and what they have signed: worth more, the more people keep it. */
  'evidence.see': () => true,
  'evidence.prove': ({ role }) => mayProveEvents(role),
} satisfies Record<string, Rule>;

export type Action = keyof typeof ACTIONS;

export function isAction(text: string): text is Action {
  return Object.hasOwn(ACTIONS, text);
}

/** Whether `asker` may do `action`. Deny by default: nobody may do what the table does not know. */
export function may(asker: Asker, action: string, facts: Facts = {}): boolean {
  if (!isAction(action)) return false;
  if (asker === undefined) return action === 'open';
  return (ACTIONS[action] as Rule)(asker, facts);
}
