import type {
  CourseDto,
  CreateFileDto,
  MoveFileDto,
  WorkspaceDto,
  WorkspaceSummaryDto,
  WrittenDto,
} from '@palimpsest/protocol/wire';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useCallback, useRef } from 'react';
import { api } from './api-client.js';

/** Milliseconds until a file that somebody else made shows up. A hidden page does not look. */
const FILES_POLL = 4_000;
/** Milliseconds between a change that was told and the look at the list, which follows the log by a moment. */
const FILES_SETTLE = 250;

const workspaceKey = (id: string) => ['workspace', id] as const;

/** The courses that the person belongs to. */
export function useCourses() {
  return useQuery({ queryKey: ['courses'], queryFn: () => api.get<CourseDto[]>('/api/courses'), staleTime: 60_000 });
}

/** One workspace with its files. */
export function useWorkspace(id: string) {
  return useQuery({
    queryKey: workspaceKey(id),
    queryFn: () => api.get<WorkspaceDto>(`/api/workspaces/${id}`),
    refetchInterval: FILES_POLL,
  });
}

/** Says that the files of a workspace have changed: the list is asked for soon, once for several changes. */
export function useFilesChanged(workspace: string): () => void {
  const client = useQueryClient();
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  return useCallback(() => {
    clearTimeout(timer.current);
    timer.current = setTimeout(
      () => void client.invalidateQueries({ queryKey: workspaceKey(workspace) }),
      FILES_SETTLE,
    );
  }, [client, workspace]);
}

/** What to show first: the first course's first workspace that may be written in, or read if there is none. */
export function firstWorkspace(courses: readonly CourseDto[]): WorkspaceSummaryDto | undefined {
  const all = courses.flatMap((course) => course.workspaces);
  return all.find((workspace) => workspace.access === 'write') ?? all[0];
}

/** The file to show first: `main.py`, or else the first by name. */
export function firstFile(workspace: WorkspaceDto): string | null {
  const files = [...workspace.files].sort((a, b) => a.path.localeCompare(b.path));
  return (files.find((file) => file.path === 'main.py') ?? files[0])?.id ?? null;
}

/** Commands on the files of a workspace. Each resolves when the list of files shows what it did. */
export function useFileCommands(workspace: string) {
  const client = useQueryClient();
  const base = `/api/workspaces/${workspace}/files`;

  async function shown(written: WrittenDto): Promise<WrittenDto> {
    const after = written.position === null ? '' : `?after=${encodeURIComponent(written.position)}`;
    const fresh = await api.get<WorkspaceDto>(`/api/workspaces/${workspace}${after}`);
    // An older answer that is still on its way must not undo it.
    await client.cancelQueries({ queryKey: workspaceKey(workspace) });
    client.setQueryData(workspaceKey(workspace), fresh);
    return written;
  }

  return {
    create: useMutation({
      mutationFn: async (file: CreateFileDto) => shown(await api.post<WrittenDto>(base, file)),
    }),
    move: useMutation({
      mutationFn: async ({ id, path }: { readonly id: string } & MoveFileDto) =>
        shown(await api.patch<WrittenDto>(`${base}/${id}`, { path })),
    }),
    remove: useMutation({
      mutationFn: async (id: string) => shown(await api.delete<WrittenDto>(`${base}/${id}`)),
    }),
    restore: useMutation({
      mutationFn: async (id: string) => shown(await api.post<WrittenDto>(`${base}/${id}/restore`)),
    }),
  };
}
