import { Button, Group, NativeSelect, TextInput } from '@mantine/core';
import type { AuditPageDto } from '@palimpsest/protocol/wire';
import { type AuditFilter, fromField, formatFilter, NO_FILTER, toField } from './audit-query.js';

interface Props {
  readonly filter: AuditFilter;
  /** Knows which people and kinds there are; undefined until it has come. */
  readonly page: AuditPageDto | undefined;
  readonly onChange: (filter: AuditFilter) => void;
}

interface Option {
  readonly value: string;
  readonly label: string;
}

/** Person, kind and time. A value of the address that is not among the options is one of them all the same. */
export function AuditFilters({ filter, page, onChange }: Props) {
  const actors = (page?.actors ?? []).map(({ username, displayName }) => ({
    value: username,
    label: `${displayName} (${username})`,
  }));
  const types = (page?.types ?? []).map((type) => ({ value: type, label: type }));
  return (
    <Group align="flex-end" gap="sm" component="search" className="audit-filters">
      <NativeSelect
        label="Person"
        data={withAll('Everybody', [...actors, { value: 'system', label: 'The system' }], filter.actor)}
        value={filter.actor}
        onChange={(event) => onChange({ ...filter, actor: event.currentTarget.value })}
        data-testid="audit-actor"
      />
      <NativeSelect
        label="Action"
        data={withAll('Every action', types, filter.type)}
        value={filter.type}
        onChange={(event) => onChange({ ...filter, type: event.currentTarget.value })}
        data-testid="audit-type"
      />
      <TextInput
        label="From"
        type="datetime-local"
        value={toField(filter.from)}
        onChange={(event) => onChange({ ...filter, from: fromField(event.currentTarget.value) })}
        data-testid="audit-from"
      />
      <TextInput
        label="Until"
        type="datetime-local"
        value={toField(filter.until)}
        onChange={(event) => onChange({ ...filter, until: fromField(event.currentTarget.value) })}
        data-testid="audit-until"
      />
      {formatFilter(filter) !== '' && (
        <Button variant="default" onClick={() => onChange(NO_FILTER)} data-testid="audit-clear">
          Show everything
        </Button>
      )}
    </Group>
  );
}

function withAll(all: string, options: readonly Option[], chosen: string): Option[] {
  const isKnown = chosen === '' || options.some(({ value }) => value === chosen);
  return [{ value: '', label: all }, ...options, ...(isKnown ? [] : [{ value: chosen, label: chosen }])];
}
