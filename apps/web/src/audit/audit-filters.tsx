import { Group, NativeSelect, TextInput } from '@mantine/core';
import { AUDIT_OUTCOMES, actionOf } from '@palimpsest/domain';
import type { AuditPageDto } from '@palimpsest/protocol/wire';
import { choosing, chosen, fromField, termsOf, toField } from './audit-query.js';

interface Props {
  readonly query: string;
  /** Knows which people and kinds there are; undefined until it has come. */
  readonly page: AuditPageDto | undefined;
  readonly onChange: (query: string) => void;
}

interface Option {
  readonly value: string;
  readonly label: string;
}

const same = (value: string): Option => ({ value, label: value });

/** Person, action, outcome and time: they write the query. */
export function AuditFilters({ query, page, onChange }: Props) {
  const terms = termsOf(query);
  const actors = (page?.actors ?? []).map(({ username, displayName }) => ({
    value: username,
    label: `${displayName} (${username})`,
  }));
  const actions = [...new Set((page?.types ?? []).map(actionOf))].sort().map(same);
  return (
    <Group align="flex-end" gap="sm" className="audit-filters">
      <NativeSelect
        label="Person"
        data={withAll('Everybody', [...actors, { value: 'system', label: 'The system' }], chosen(terms, 'actor'))}
        value={chosen(terms, 'actor')}
        onChange={(event) => onChange(choosing(terms, 'actor', event.currentTarget.value))}
        data-testid="audit-actor"
      />
      <NativeSelect
        label="Action"
        data={withAll('Every action', actions, chosen(terms, 'action'))}
        value={chosen(terms, 'action')}
        onChange={(event) => onChange(choosing(terms, 'action', event.currentTarget.value))}
        data-testid="audit-action"
      />
      <NativeSelect
        label="Outcome"
        data={withAll('Every outcome', AUDIT_OUTCOMES.map(same), chosen(terms, 'outcome'))}
        value={chosen(terms, 'outcome')}
        onChange={(event) => onChange(choosing(terms, 'outcome', event.currentTarget.value))}
        data-testid="audit-outcome"
      />
      {(['after', 'before'] as const).map((key) => (
        <TextInput
          key={key}
          label={key === 'after' ? 'From (your time)' : 'Until (your time)'}
          type="datetime-local"
          value={toField(terms, key)}
          onChange={(event) => onChange(choosing(terms, key, fromField(event.currentTarget.value)))}
          data-testid={`audit-${key}`}
        />
      ))}
    </Group>
  );
}

/** A value of the query that is not among the options is one of them all the same. */
function withAll(all: string, options: readonly Option[], value: string): Option[] {
  const isKnown = value === '' || options.some((option) => option.value === value);
  return [{ value: '', label: all }, ...options, ...(isKnown ? [] : [same(value)])];
}
