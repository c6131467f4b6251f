import { Button, TextInput } from '@mantine/core';
import { localField, momentOf } from '../local-moment.js';
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
        value={localField(query.from)}
        onChange={({ currentTarget }) => onChange({ ...query, from: momentOf(currentTarget.value) })}
      />
      <TextInput
        label="Until"
        type="datetime-local"
        value={localField(query.until)}
        onChange={({ currentTarget }) => onChange({ ...query, until: momentOf(currentTarget.value) })}
      />
    </>
  );
}

/** Leads from one session of a person back to all of them; nothing where no session was chosen. */
export function AllSessions({ query, onChange }: Props) {
  if (query.session === '') return null;
  return (
    <Button variant="default" onClick={() => onChange({ ...query, session: '' })}>
      All sessions
    </Button>
  );
}
