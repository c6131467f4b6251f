import type {
  ChangeItemDto,
  ItemDto,
  ItemOverviewDto,
  PublishItemDto,
  ReceiptDto,
  WrittenDto,
} from '@palimpsest/protocol/wire';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useEffect, useState } from 'react';
import { api } from '../api-client.js';

/** Milliseconds until what somebody else decides shows up. What the clock decides shows at its time. */
const ITEMS_POLL = 5_000;

const itemsKey = (course: string) => ['items', course] as const;

function afterOf({ position }: Pick<WrittenDto, 'position'>): string {
  return position === null ? '' : `?after=${encodeURIComponent(position)}`;
}

/** What a course has published, as it stands for the person; looked at again whenever the clock turns something. */
export function useItems(course: string | undefined) {
  const client = useQueryClient();
  const query = useQuery({
    queryKey: itemsKey(course ?? ''),
    queryFn: () => api.get<ItemDto[]>(`/api/courses/${course}/items`),
    enabled: course !== undefined,
    refetchInterval: ITEMS_POLL,
  });
  const turns = (query.data ?? []).map(({ turnsAt, now }) => Date.parse(turnsAt ?? '') - Date.parse(now));
  const wait = Math.min(...turns.filter((ms) => ms >= 0), ITEMS_POLL);
  useEffect(() => {
    if (course === undefined || wait >= ITEMS_POLL) return;
    const timer = setTimeout(() => void client.invalidateQueries({ queryKey: itemsKey(course) }), wait + 50);
    return () => clearTimeout(timer);
  }, [client, course, wait, query.dataUpdatedAt]);
  return query;
}

/** The server's clock, going on each second between its answers. */
export function useServerTime(items: readonly ItemDto[] | undefined, updatedAt: number): number {
  const [own, setOwn] = useState(() => Date.now());
  useEffect(() => {
    const timer = setInterval(() => setOwn(Date.now()), 1_000);
    return () => clearInterval(timer);
  }, []);
  const told = items?.[0]?.now;
  return told === undefined ? own : Date.parse(told) + Math.max(0, own - updatedAt);
}

/** Decisions about items and work on them. Each resolves when the lists show what it did. */
export function useItemCommands(course: string) {
  const client = useQueryClient();
  async function shown(written: WrittenDto): Promise<WrittenDto> {
    const fresh = await api.get<ItemDto[]>(`/api/courses/${course}/items${afterOf(written)}`);
    await client.cancelQueries({ queryKey: itemsKey(course) });
    client.setQueryData(itemsKey(course), fresh);
    await Promise.all([
      client.invalidateQueries({ queryKey: ['courses'] }),
      client.invalidateQueries({ queryKey: ['overview'] }),
    ]);
    return written;
  }
  return {
    publish: useMutation({
      mutationFn: async (item: PublishItemDto) =>
        shown(await api.post<WrittenDto>(`/api/courses/${course}/items`, item)),
    }),
    change: useMutation({
      mutationFn: async ({ id, ...changes }: { readonly id: string } & ChangeItemDto) =>
        shown(await api.patch<WrittenDto>(`/api/items/${id}`, changes)),
    }),
    withdraw: useMutation({
      mutationFn: async (id: string) => shown(await api.delete<WrittenDto>(`/api/items/${id}`)),
    }),
    /** `until` null takes the extension away. */
    extend: useMutation({
      mutationFn: async ({
        id,
        person,
        until,
      }: Readonly<Record<'id' | 'person', string>> & { until: string | null }) => {
        const path = `/api/items/${id}/extensions/${person}`;
        return shown(await (until === null ? api.delete<WrittenDto>(path) : api.put<WrittenDto>(path, { until })));
      },
    }),
    setGroup: useMutation({
      mutationFn: async ({
        id,
        group,
        ...body
      }: Readonly<Record<'id' | 'group' | 'name', string>> & { readonly members: readonly string[] }) =>
        shown(await api.put<WrittenDto>(`/api/items/${id}/groups/${group}`, body)),
    }),
    /** Resolves with the workspace when it can be opened. */
    open: useMutation({
      mutationFn: async (id: string) => shown(await api.post<WrittenDto>(`/api/items/${id}/copy`)),
    }),
  };
}

export function useOverview(item: string) {
  return useQuery({
    queryKey: ['overview', item],
    queryFn: () => api.get<ItemOverviewDto>(`/api/items/${item}/overview`),
    refetchInterval: ITEMS_POLL,
  });
}

/** What was handed in of a copy, the last first, and handing in again. */
export function useHandIns(workspace: string, enabled: boolean) {
  const client = useQueryClient();
  const key = ['hand-ins', workspace];
  const path = `/api/workspaces/${workspace}/hand-ins`;
  const list = useQuery({ queryKey: key, queryFn: () => api.get<ReceiptDto[]>(path), enabled });
  const handIn = useMutation({
    mutationFn: () => api.post<ReceiptDto>(path),
    onSuccess: (receipt) =>
      client.setQueryData<ReceiptDto[]>(key, (old = []) => [receipt, ...old.filter(({ id }) => id !== receipt.id)]),
  });
  return { list, handIn };
}

export function useReceipt(id: string) {
  return useQuery({ queryKey: ['receipt', id], queryFn: () => api.get<ReceiptDto>(`/api/receipts/${id}`) });
}
