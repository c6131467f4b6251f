import {
  type CourseRole,
  MAX_DISPLAY_NAME,
  type Role,
  USERNAME,
  type UserId,
  type UserState,
} from '@palimpsest/domain';
import type { RosterChange, RosterRowDto } from '@palimpsest/protocol';
import { mayAdministerAccounts, mayDescribeAccount, mayMakeAccount } from '../policies/policies.js';
import type { RosterLine } from './roster-file.js';

/** What the log and `ops` know of those whom a roster names, and of those in the course. */
export interface RosterFacts {
  /** By id; who has no account is `unknown` or missing. */
  readonly accounts: ReadonlyMap<UserId, UserState>;
  readonly members: ReadonlyMap<UserId, CourseRole>;
  /** User names of the members. */
  readonly usernames: ReadonlyMap<UserId, string>;
  readonly emailOf: ReadonlyMap<UserId, string>;
  readonly ownerOfEmail: ReadonlyMap<string, UserId>;
  readonly idOf: (username: string) => UserId;
  /** Members who are in another course as well. */
  readonly elsewhere: ReadonlySet<UserId>;
  readonly importer: { readonly id: string; readonly role: Role | 'system' };
}

/** What is done for one row, when the plan is carried out. */
export interface RosterStep {
  readonly user: UserId;
  readonly register?: { readonly username: string; readonly displayName: string; readonly role: CourseRole };
  readonly rename?: string;
  readonly email?: string;
  readonly enrol?: CourseRole;
  readonly remove?: true;
  /** Of whoever leaves the last course. */
  readonly deactivate?: true;
  readonly reactivate?: true;
}

export interface RosterPlan {
  readonly rows: readonly RosterRowDto[];
  readonly steps: readonly RosterStep[];
}

type Planned = { readonly row: RosterRowDto; readonly step?: RosterStep };

/** What a roster means for a course. Pure: the same file on the same course is the same plan. */
export function planRoster(lines: readonly RosterLine[], facts: RosterFacts, removeMissing: boolean): RosterPlan {
  const earlier = { usernames: new Map<string, number>(), emails: new Map<string, number>() };
  const planned = lines.map((line) => planLine(line, facts, earlier));
  if (removeMissing) planned.push(...planMissing(lines, facts, planned));
  return { rows: planned.map(({ row }) => row), steps: planned.flatMap(({ step }) => (step ? [step] : [])) };
}

export function countChanges(rows: readonly RosterRowDto[]): Record<RosterChange, number> {
  const counts = { 'new-account': 0, enrolled: 0, changed: 0, unchanged: 0, removed: 0, error: 0 };
  for (const { change } of rows) counts[change]++;
  return counts;
}

interface Earlier {
  readonly usernames: Map<string, number>;
  readonly emails: Map<string, number>;
}

function planLine(line: RosterLine, facts: RosterFacts, earlier: Earlier): Planned {
  const state = USERNAME.test(line.username) ? facts.accounts.get(facts.idOf(line.username)) : undefined;
  const known = state && state.kind !== 'unknown' ? state : undefined;
  const rowOf = (change: RosterChange, detail: string, role: string = line.role ?? ''): RosterRowDto => ({
    ...{ line: line.line, username: line.username, role, change, detail },
    displayName: line.displayName ?? known?.displayName ?? '',
  });
  const problem = line.problem ?? repeated(line, earlier) ?? problemWith(line, known, facts);
  if (problem !== undefined) return { row: rowOf('error', problem) };
  const user = facts.idOf(line.username);
  return known ? planKnown(line, user, known, facts, rowOf) : planNew(line, user, rowOf);
}

function repeated({ line, username, email }: RosterLine, earlier: Earlier): string | undefined {
  const sameName = earlier.usernames.get(username);
  if (sameName !== undefined) return `"${username}" is in line ${sameName} already.`;
  earlier.usernames.set(username, line);
  if (email === undefined) return undefined;
  const sameEmail = earlier.emails.get(email);
  if (sameEmail !== undefined) return `The e-mail address ${email} is in line ${sameEmail} already.`;
  earlier.emails.set(email, line);
  return undefined;
}

function problemWith(
  line: RosterLine,
  known: Exclude<UserState, { kind: 'unknown' }> | undefined,
  { idOf, ownerOfEmail, importer, members }: RosterFacts,
): string | undefined {
  if (!USERNAME.test(line.username))
    return `"${line.username.slice(0, 40)}" is no user name: 2 to 32 small letters, digits, dots, hyphens and underscores, a letter first.`;
  const user = idOf(line.username);
  if (known?.kind === 'deactivated' && !mayAdministerAccounts(importer.role))
    return 'This account is deactivated: an administrator can make it active again.';
  if (line.displayName !== undefined && line.displayName.length > MAX_DISPLAY_NAME)
    return `The name has ${line.displayName.length} characters: at most ${MAX_DISPLAY_NAME}.`;
  if (!known && !mayMakeAccount(importer.role, line.role ?? 'student'))
    return `Only an administrator can make an account for ${line.role === 'auditor' ? 'an auditor' : 'a professor'}.`;
  const isOwnRole = user === importer.id && line.role !== undefined && line.role !== members.get(user);
  if (isOwnRole && members.has(user)) return 'A roster does not change the role of whoever imports it.';
  const owner = line.email === undefined ? undefined : ownerOfEmail.get(line.email);
  const takesEmail = !known || mayDescribeAccount(importer.role);
  if (takesEmail && owner !== undefined && owner !== user)
    return `The e-mail address ${line.email} belongs to another account.`;
  return undefined;
}

type RowOf = (change: RosterChange, detail: string, role?: string) => RosterRowDto;

function planNew(line: RosterLine, user: UserId, rowOf: RowOf): Planned {
  const role = line.role ?? 'student';
  const displayName = line.displayName ?? line.username;
  return {
    row: { ...rowOf('new-account', '', role), displayName },
    step: {
      ...{ user, register: { username: line.username, displayName, role }, enrol: role },
      ...(line.email !== undefined && { email: line.email }),
    },
  };
}

/** An account that is there keeps its name and address unless the importer may change them. */
function planKnown(
  line: RosterLine,
  user: UserId,
  known: Exclude<UserState, { kind: 'unknown' }>,
  { members, emailOf, importer }: RosterFacts,
  rowOf: RowOf,
): Planned {
  const was = members.get(user);
  const role = line.role ?? was ?? 'student';
  const mayDescribe = mayDescribeAccount(importer.role);
  const otherName = line.displayName !== undefined && line.displayName !== known.displayName;
  const otherEmail = mayDescribe && line.email !== undefined && line.email !== emailOf.get(user);
  const details = [
    ...(known.kind === 'deactivated' ? ['the account becomes active again'] : []),
    ...(was !== undefined && was !== role ? [`role ${was} becomes ${role}`] : []),
    ...(otherName && mayDescribe ? [`name "${known.displayName}" becomes "${line.displayName}"`] : []),
    ...(otherName && !mayDescribe ? [`the account is called "${known.displayName}" and stays so`] : []),
    ...(otherEmail ? ['another e-mail address'] : []),
  ];
  const step: RosterStep = {
    user,
    ...(known.kind === 'deactivated' && { reactivate: true as const }),
    ...(was !== role && { enrol: role }),
    ...(otherName && mayDescribe && { rename: line.displayName }),
    ...(otherEmail && { email: line.email }),
  };
  const isChange = Object.keys(step).length > 1;
  const change = was === undefined ? 'enrolled' : isChange ? 'changed' : 'unchanged';
  return { row: rowOf(change, details.join('; '), role), ...(isChange && { step }) };
}

/**
 * Students and assistants of the course whom the file does not name. Whoever stands in a row that cannot be read might be
 * one of them, so with such a row nobody is removed. Professors and auditors leave no course by a list of students. Where
 * the importer administers accounts, that of whoever leaves the last course is deactivated; it and its work stay.
 */
function planMissing(lines: readonly RosterLine[], facts: RosterFacts, planned: readonly Planned[]): Planned[] {
  const named = new Set(lines.map(({ username }) => facts.idOf(username)));
  const hasErrors = planned.some(({ row }) => row.change === 'error');
  const missing = [...facts.members].filter(
    ([user, role]) => !named.has(user) && (role === 'student' || role === 'assistant'),
  );
  return missing.map(([user, role]) => {
    const state = facts.accounts.get(user);
    const displayName = state && state.kind !== 'unknown' ? state.displayName : '';
    const row = { line: null, username: facts.usernames.get(user) ?? '', displayName, role };
    if (hasErrors) return { row: { ...row, change: 'unchanged', detail: NOT_REMOVED } };
    const isLast = state?.kind === 'active' && isStudents(state.role) && !facts.elsewhere.has(user);
    if (!isLast || !mayAdministerAccounts(facts.importer.role))
      return { row: { ...row, change: 'removed', detail: 'not in the file' }, step: { user, remove: true } };
    return {
      row: { ...row, change: 'removed', detail: 'not in the file, nor in another course: the account is deactivated' },
      step: { user, remove: true, deactivate: true },
    };
  });
}

function isStudents(role: Role): boolean {
  return role === 'student' || role === 'assistant';
}

const NOT_REMOVED = 'not in the file; nobody is removed while rows of it have errors';
