import { Alert, Button, Paper, Text, Title } from '@mantine/core';
import type { SystemDto } from '@palimpsest/protocol/wire';
import { sentenceOf } from '../api-client.js';
import { clockTime } from '../clock-time.js';
import { LiveText } from '../live-text.js';
import { navigate } from '../navigation.js';
import { Patience } from '../patience.js';
import { Commands } from './commands.js';
import { EvidenceCard } from './evidence-card.js';
import { ProjectionTable } from './projection-table.js';
import { ServiceCard } from './service-card.js';
import { SandboxCard } from './sandbox-card.js';
import { allInWords } from './state-in-words.js';
import { StoreCard } from './store-card.js';
import './system.css';
import { isRefusal, useSystem } from './use-system.js';

/** The state of the event store and of what is built from it. It looks again by itself. */
export default function SystemPage() {
  const { data, error, dataUpdatedAt } = useSystem();
  const time = clockTime(dataUpdatedAt);
  return (
    <div className="system-page" role="region" aria-labelledby="system-title" tabIndex={0} data-testid="system-page">
      <div>
        <Title order={1} size="h3" id="system-title">
          System
        </Title>
        {data && !error && (
          <Text size="sm" c="dimmed" className="system-as-of">
            As of {time}. The page looks again every two seconds.
          </Text>
        )}
      </div>
      {isRefusal(error) ? <Refused error={error} /> : error && <Trouble error={error} since={data && time} />}
      {data ? <State system={data} /> : !error && <Patience what="Asking the server" still={STILL} />}
    </div>
  );
}

const STILL = 'The event store takes its time to answer.';

function State({ system }: { readonly system: SystemDto }) {
  const all = allInWords(system.projections).text;
  return (
    <>
      <StoreCard store={system.eventStore} />
      <SandboxCard />
      <EvidenceCard />
      <ServiceCard />
      <Paper component="section" withBorder p="md" aria-labelledby="system-projections-title">
        <Title order={2} size="h5" id="system-projections-title" mb={4}>
          Built from the log
        </Title>
        <Text size="sm" mb="xs" data-testid="system-summary">
          {all}
        </Text>
        <LiveText text={all} />
        <ProjectionTable projections={system.projections} />
        <Text size="sm" c="dimmed" mt="xs">
          Read models are the lists that the pages show: they can be thrown away and built anew. A reactor does
          something for each new event.
        </Text>
      </Paper>
      <Commands />
    </>
  );
}

/** For people who came by the address: no link leads them here. */
function Refused({ error }: { readonly error: unknown }) {
  return (
    <Alert color="gray" role="alert" title="This page is not for you" data-testid="system-refused">
      <Text size="sm" mb="sm">
        {sentenceOf(error)}
      </Text>
      <Button size="compact-sm" variant="default" onClick={() => navigate('/')}>
        To my work
      </Button>
    </Alert>
  );
}

function Trouble({ error, since }: { readonly error: unknown; readonly since: string | undefined }) {
  return (
    <Alert color="red" role="alert" title="The state cannot be read just now" data-testid="system-problem">
      {sentenceOf(error)} This page keeps trying.{since !== undefined && ` What follows is from ${since}.`}
    </Alert>
  );
}
