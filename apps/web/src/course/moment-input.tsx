import { TextInput } from '@mantine/core';

interface Props {
  readonly label: string;
  /** ISO 8601; null: none. */
  readonly value: string | null;
  readonly onChange: (value: string | null) => void;
  readonly testId: string;
}

/** A day and a time in the reader's time zone, by the browser's own control. */
export function MomentInput({ label, value, onChange, testId }: Props) {
  return (
    <TextInput
      type="datetime-local"
      step={1}
      label={label}
      value={value === null ? '' : localMoment(value)}
      onChange={({ currentTarget }) => onChange(utcMoment(currentTarget.value))}
      data-testid={testId}
    />
  );
}

/** `2026-11-26T10:00:00` in the reader's time zone. */
function localMoment(iso: string): string {
  const at = new Date(iso);
  return new Date(at.getTime() - at.getTimezoneOffset() * 60_000).toISOString().slice(0, 19);
}

function utcMoment(local: string): string | null {
  const at = local === '' ? Number.NaN : Date.parse(local);
  return Number.isNaN(at) ? null : new Date(at).toISOString();
}
