import { TextInput } from '@mantine/core';
import { fromField, toField } from '../audit/audit-query.js';
import type { ActivityQuery } from './activity-query.js';

interface Props {
  readonly query: ActivityQuery;
  readonly onChange: (query: ActivityQuery) => void;
}

/** From when and until when, in the reader's time zone. */
export function TimeRange({ query, onChange }: Props) {
  return (
    <>
      <TextInput
        label="From"
        type="datetime-local"
        value={toField(query.from)}
        onChange={({ currentTarget }) => onChange({ ...query, from: fromField(currentTarget.value) })}
      />
      <TextInput
        label="Until"
        type="datetime-local"
        value={toField(query.until)}
        onChange={({ currentTarget }) => onChange({ ...query, until: fromField(currentTarget.value) })}
      />
    </>
  );
}
