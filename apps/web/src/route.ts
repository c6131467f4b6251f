/** What the address says to show. */
export type Route =
  | { readonly page: 'start' }
  | { readonly page: 'audit'; readonly query: string }
  | { readonly page: 'system' }
  | { readonly page: 'people'; readonly course: string | null }
  | { readonly page: 'invite' }
  | { readonly page: 'workspace'; readonly workspace: string; readonly file: string | null };

const WORKSPACE = /^\/w\/([^/]+)(?:\/f\/([^/]+))?\/?$/;

/** Unknown addresses lead to the start, which finds something to show. */
export function parseRoute(path: string, query = ''): Route {
  if (/^\/audit\/?$/.test(path)) return { page: 'audit', query };
  if (/^\/system\/?$/.test(path)) return { page: 'system' };
  if (/^\/invite\/?$/.test(path)) return { page: 'invite' };
  if (/^\/people\/?$/.test(path)) return { page: 'people', course: new URLSearchParams(query).get('course') };
  const [, workspace, file] = WORKSPACE.exec(path) ?? [];
  return workspace ? { page: 'workspace', workspace, file: file ?? null } : { page: 'start' };
}

export function peoplePath(course: string): string {
  return `/people?course=${encodeURIComponent(course)}`;
}

export function workspacePath(workspace: string, file: string | null): string {
  return file === null ? `/w/${workspace}` : `/w/${workspace}/f/${file}`;
}
