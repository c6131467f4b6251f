import type {
  CourseDto,
  CreateFileDto,
  MoveFileDto,
  MoveFolderDto,
  PathDto,
  TrashEntryDto,
  UploadedDto,
  UsageDto,
  VersionDto,
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

/** What was deleted in a workspace, asked for when it is looked at. */
export function useTrash(workspace: string) {
  return useQuery({
    queryKey: ['trash', workspace],
    queryFn: () => api.get<TrashEntryDto[]>(`/api/workspaces/${workspace}/trash`),
    staleTime: 0,
    gcTime: 0,
  });
}

/** How much is used of the quota; asked for anew when `files` changes. */
export function useUsage(workspace: string, files: readonly unknown[], enabled: boolean) {
  return useQuery({
    queryKey: ['usage', workspace, files.length],
    queryFn: () => api.get<UsageDto>(`/api/workspaces/${workspace}/usage`),
    staleTime: 60_000,
    enabled,
  });
}

/** The contents that a binary file has had. */
export function useVersions(workspace: string, file: string) {
  return useQuery({
    queryKey: ['versions', file],
    queryFn: () => api.get<VersionDto[]>(`/api/workspaces/${workspace}/files/${file}/versions`),
    staleTime: 0,
    gcTime: 0,
  });
}

/** Commands on the files of a workspace. Each resolves when the list of files shows what it did. */
export function useFileCommands(workspace: string) {
  const client = useQueryClient();
  const home = `/api/workspaces/${workspace}`;
  const base = `${home}/files`;

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
    copy: useMutation({
      mutationFn: async ({ id, path }: { readonly id: string } & PathDto) =>
        shown(await api.post<WrittenDto>(`${base}/${id}/copy`, { path })),
    }),
    createFolder: useMutation({
      mutationFn: async (folder: PathDto) => shown(await api.post<WrittenDto>(`${home}/folders`, folder)),
    }),
    moveFolder: useMutation({
      mutationFn: async (move: MoveFolderDto) => shown(await api.patch<WrittenDto>(`${home}/folders`, move)),
    }),
    copyFolder: useMutation({
      mutationFn: async (copy: MoveFolderDto) => shown(await api.post<WrittenDto>(`${home}/folders/copy`, copy)),
    }),
    removeFolder: useMutation({
      mutationFn: async (path: string) =>
        shown(await api.delete<WrittenDto>(`${home}/folders?path=${encodeURIComponent(path)}`)),
    }),
    restoreFolder: useMutation({
      mutationFn: async (deletion: string) => shown(await api.post<WrittenDto>(`${home}/trash/${deletion}/restore`)),
    }),
    upload: useMutation({
      mutationFn: async ({ path, file }: { readonly path: string; readonly file: Blob }) => {
        const uploaded = await api.upload<UploadedDto>(`${home}/content?path=${encodeURIComponent(path)}`, file);
        await shown(uploaded);
        return uploaded;
      },
    }),
  };
}
