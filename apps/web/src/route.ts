/** Whose activity: of everybody in a workspace, or of a person. */
export type ActivityOf = { readonly workspace: string } | { readonly person: string };

/** What the address says to show. */
export type Route =
  | { readonly page: 'start' }
  | { readonly page: 'audit'; readonly query: string }
  | { readonly page: 'system' }
  | { readonly page: 'course'; readonly course: string | null }
  | { readonly page: 'metrics'; readonly course: string }
  | { readonly page: 'people'; readonly course: string | null }
  | { readonly page: 'invite' }
  | { readonly page: 'activity'; readonly of: ActivityOf; readonly query: string }
  | { readonly page: 'run'; readonly run: string }
  | { readonly page: 'workspace'; readonly workspace: string; readonly file: string | null };

const COURSE = /^\/c(?:\/([^/]+))?\/?$/;
const METRICS = /^\/c\/([^/]+)\/metrics\/?$/;
const ACTIVITY = /^\/(w|p)\/([^/]+)\/activity\/?$/;
const RUN = /^\/r\/([^/]+)\/?$/;
const WORKSPACE = /^\/w\/([^/]+)(?:\/f\/([^/]+))?\/?$/;

/** Unknown addresses lead to the start, which finds something to show. */
export function parseRoute(path: string, query = ''): Route {
  if (/^\/audit\/?$/.test(path)) return { page: 'audit', query };
  if (/^\/system\/?$/.test(path)) return { page: 'system' };
  const course = COURSE.exec(path);
  if (course) return { page: 'course', course: course[1] ?? null };
  const metrics = METRICS.exec(path)?.[1];
  if (metrics !== undefined) return { page: 'metrics', course: metrics };
  if (/^\/invite\/?$/.test(path)) return { page: 'invite' };
  if (/^\/people\/?$/.test(path)) return { page: 'people', course: new URLSearchParams(query).get('course') };
  const [, kind, id] = ACTIVITY.exec(path) ?? [];
  if (id) return { page: 'activity', of: kind === 'w' ? { workspace: id } : { person: id }, query };
  const [, run] = RUN.exec(path) ?? [];
  if (run) return { page: 'run', run };
  const [, workspace, file] = WORKSPACE.exec(path) ?? [];
  return workspace ? { page: 'workspace', workspace, file: file ?? null } : { page: 'start' };
}

export function coursePath(course: string): string {
  return `/c/${course}`;
}

export function metricsPath(course: string): string {
  return `/c/${course}/metrics`;
}

export function peoplePath(course: string): string {
  return `/people?course=${encodeURIComponent(course)}`;
}

export function workspacePath(workspace: string, file: string | null): string {
  return file === null ? `/w/${workspace}` : `/w/${workspace}/f/${file}`;
}

export function activityPath(of: ActivityOf): string {
  return 'workspace' in of ? `/w/${of.workspace}/activity` : `/p/${of.person}/activity`;
}

export function runPath(run: string): string {
  return `/r/${run}`;
}

/** A file as it was at an instant (ISO 8601). */
export function momentPath(workspace: string, file: string, at: string): string {
  return `${workspacePath(workspace, file)}?at=${encodeURIComponent(at)}`;
}
