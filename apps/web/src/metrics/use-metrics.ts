import type { CourseMetricsDto, PersonMetricsDto, StudentMetricsDto } from '@palimpsest/protocol/wire';
import { useQuery } from '@tanstack/react-query';
import { api } from '../api-client.js';

/** Days until today, both included; in UTC, as the server counts them. */
export function rangeOf(days: number, now = Date.now()): string {
  const dayOf = (ms: number) => new Date(ms).toISOString().slice(0, 10);
  return `from=${dayOf(now - (days - 1) * 86_400_000)}&to=${dayOf(now)}`;
}

/** Milliseconds: figures of days do not change by the second. */
const LOOK_AGAIN = 30_000;

export function useClassMetrics(course: string, days: number) {
  return useQuery({
    queryKey: ['metrics', course, days],
    queryFn: () => api.get<CourseMetricsDto>(`/api/courses/${course}/metrics?${rangeOf(days)}`),
    refetchInterval: LOOK_AGAIN,
    staleTime: 0,
  });
}

export function useStudentMetrics(course: string, days: number) {
  return useQuery({
    queryKey: ['metrics', course, days, 'people'],
    queryFn: () => api.list<StudentMetricsDto>(`/api/courses/${course}/metrics/people?limit=200&${rangeOf(days)}`),
    refetchInterval: LOOK_AGAIN,
    staleTime: 0,
  });
}

export function usePersonMetrics(course: string, person: string, days: number) {
  return useQuery({
    queryKey: ['metrics', course, days, person],
    queryFn: () => api.get<PersonMetricsDto>(`/api/courses/${course}/metrics/people/${person}?${rangeOf(days)}`),
    staleTime: 0,
  });
}
