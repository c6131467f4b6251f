import { Alert, Anchor, Button, Group, Table, Text, TextInput } from '@mantine/core';
import { AUDIT_KEYS, parseAuditQuery, printAuditTerm, type QueryMistake } from '@palimpsest/domain';
import { type FormEvent, useState } from 'react';
import { termsOf, withoutTerm } from './audit-query.js';

interface Props {
  /** As the address has it. */
  readonly query: string;
  readonly onChange: (query: string) => void;
}

/** The query as text and, below, as chips that can be taken away. What is wrong with it is said at once, with its place. */
export function AuditQueryBar({ query, onChange }: Props) {
  const [text, setText] = useState(query);
  const [isHelpOpen, setHelpOpen] = useState(false);
  const [shown, setShown] = useState(query);
  if (shown !== query) {
    // Chips and fields have changed it.
    setShown(query);
    setText(query);
  }
  const parsed = parseAuditQuery(text);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (parsed.ok) onChange(text);
  };
  return (
    <search>
      <form onSubmit={submit}>
        <Group gap="sm" align="flex-end" wrap="nowrap">
          <TextInput
            className="audit-bar"
            label="Query"
            placeholder="actor:ada action:file.* outcome:refused after:7d"
            value={text}
            onChange={(event) => setText(event.currentTarget.value)}
            error={parsed.ok ? undefined : <Mistake text={text} mistake={parsed.mistake} />}
            spellCheck={false}
            autoComplete="off"
            data-testid="audit-query"
          />
          <Button type="submit" disabled={!parsed.ok} data-testid="audit-ask">
            Search
          </Button>
          <Button
            variant="default"
            aria-expanded={isHelpOpen}
            onClick={() => setHelpOpen(!isHelpOpen)}
            data-testid="audit-help"
          >
            Help
          </Button>
        </Group>
      </form>
      <Chips query={query} onChange={onChange} />
      {isHelpOpen && <Help />}
    </search>
  );
}

function Mistake({
  text,
  mistake: { at, length, message },
}: {
  readonly text: string;
  readonly mistake: QueryMistake;
}) {
  return (
    <span data-testid="audit-mistake">
      {text.slice(Math.max(0, at - 20), at)}
      <mark>{text.slice(at, at + length)}</mark> {message}
    </span>
  );
}

function Chips({ query, onChange }: Props) {
  const terms = termsOf(query);
  if (terms.length === 0) return null;
  return (
    <Group gap="xs" mt="xs" component="ul" className="audit-chips" aria-label="What is asked for">
      {terms.map((term, index) => (
        <li key={`${index} ${printAuditTerm(term)}`}>
          <Button
            variant="default"
            size="compact-sm"
            onClick={() => onChange(withoutTerm(terms, index))}
            aria-label={`Without ${printAuditTerm(term)}`}
            data-testid="audit-chip"
          >
            {printAuditTerm(term)} ×
          </Button>
        </li>
      ))}
      <li>
        <Anchor component="button" type="button" size="sm" onClick={() => onChange('')} data-testid="audit-clear">
          Show everything
        </Anchor>
      </li>
    </Group>
  );
}

function Help() {
  return (
    <Alert mt="xs" variant="outline" color="gray" data-testid="audit-help-text">
      <Text size="sm" mb="xs">
        All terms must hold; of several values (<code>a,b</code>) one. A minus before a term means: not that. A star
        ends the beginning of a name; quotes hold what has spaces. Times in a query are UTC.
      </Text>
      <Table withRowBorders={false} verticalSpacing={2} fz="sm">
        <Table.Tbody>
          {AUDIT_KEYS.map(({ key, says }) => (
            <Table.Tr key={key}>
              <Table.Th scope="row">
                <code>{key}:</code>
              </Table.Th>
              <Table.Td>{says.replaceAll('`', '')}</Table.Td>
            </Table.Tr>
          ))}
          <Table.Tr>
            <Table.Th scope="row">
              <code>&quot;words&quot;</code>
            </Table.Th>
            <Table.Td>words of the object or of what happened</Table.Td>
          </Table.Tr>
        </Table.Tbody>
      </Table>
    </Alert>
  );
}
