import { Checkbox, Group } from '@mantine/core';
import type { ItemKindName } from '@palimpsest/protocol/wire';
import { MomentInput } from './moment-input.js';

export interface Times {
  readonly releaseAt: string | null;
  readonly startAt: string | null;
  readonly endAt: string | null;
  readonly dueAt: string | null;
  readonly closesAfterDue: boolean;
}

export const NO_TIMES: Times = { releaseAt: null, startAt: null, endAt: null, dueAt: null, closesAfterDue: false };

interface Props {
  readonly kind: ItemKindName;
  readonly times: Times;
  readonly onChange: (times: Times) => void;
}

/** The times that this kind of item has. */
export function TimesFields({ kind, times, onChange }: Props) {
  const field = (name: Exclude<keyof Times, 'closesAfterDue'>, label: string) => (
    <MomentInput
      label={label}
      value={times[name]}
      onChange={(value) => onChange({ ...times, [name]: value })}
      testId={`item-${name}`}
    />
  );
  return (
    <>
      <Group grow align="end">
        {field('releaseAt', kind === 'test' ? 'Announced from (empty: a draft)' : 'Released from (empty: a draft)')}
        {kind === 'assignment' && field('dueAt', 'Due (empty: never)')}
      </Group>
      {kind === 'test' && (
        <Group grow align="end">
          {field('startAt', 'Begins')}
          {field('endAt', 'Ends')}
        </Group>
      )}
      {kind === 'assignment' && times.dueAt !== null && (
        <Checkbox
          label="Closed after the due time, instead of late"
          checked={times.closesAfterDue}
          onChange={({ currentTarget }) => onChange({ ...times, closesAfterDue: currentTarget.checked })}
        />
      )}
    </>
  );
}

/** The times of this kind alone: what was entered for another is left out. */
export function timesFor(kind: ItemKindName, { releaseAt, startAt, endAt, dueAt, closesAfterDue }: Times): Times {
  if (kind === 'test') return { ...NO_TIMES, releaseAt, startAt, endAt };
  if (kind === 'material') return { ...NO_TIMES, releaseAt };
  return { ...NO_TIMES, releaseAt, dueAt, closesAfterDue: dueAt !== null && closesAfterDue };
}
