import { Paper, Text, Title } from '@mantine/core';
import type { EventStoreStateDto } from '@palimpsest/protocol/wire';
import { StateBadge } from './state-badge.js';
import type { InWords } from './state-in-words.js';

const REACHABLE: InWords = { text: 'reachable', weight: 'good' };
const AWAY: InWords = { text: 'does not answer', weight: 'bad' };

/** The one log of events, and whether it can be reached. */
export function StoreCard({ store }: { readonly store: EventStoreStateDto }) {
  const { kind, available, identity, head } = store;
  return (
    <Paper component="section" withBorder p="md" aria-labelledby="system-store-title" data-testid="system-store">
      <Title order={2} size="h5" id="system-store-title" mb="xs">
        Event store
      </Title>
      <dl className="system-facts">
        <Fact name="Kind">{kind}</Fact>
        <Fact name="State">
          <StateBadge state={available ? REACHABLE : AWAY} />
        </Fact>
        <Fact name="Identity of the log">
          {identity === null ? 'not known' : <span className="system-mono">{identity}</span>}
        </Fact>
        <Fact name="Newest event">
          {head !== null && <span className="system-mono">position {head}</span>}
          {head === null && (available ? 'none: the log is empty' : 'not known')}
        </Fact>
      </dl>
      {!available && (
        <Text size="sm" mt="xs">
          Nothing can be saved or run until it answers again. See that its server runs and can be reached from this one;
          the classroom then goes on by itself.
        </Text>
      )}
    </Paper>
  );
}

function Fact({ name, children }: { readonly name: string; readonly children: React.ReactNode }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}
