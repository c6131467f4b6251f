import { Anchor, Group, Tabs, Title } from '@mantine/core';
import type { ActivityEntryDto, UserDto, WorkspaceDto } from '@palimpsest/protocol/wire';
import { useQuery } from '@tanstack/react-query';
import { api } from '../api-client.js';
import { navigate } from '../navigation.js';
import { type ActivityOf, activityPath, workspacePath } from '../route.js';
import { type ActivityQuery, type ActivityView, formatActivityQuery, parseActivityQuery } from './activity-query.js';
import './activity.css';
import { PlayView } from './play/play-view.js';
import { RunsView } from './runs-view.js';
import { SessionsView } from './sessions-view.js';
import { TimelineView } from './timeline-view.js';

interface Props {
  readonly me: UserDto;
  readonly of: ActivityOf;
  readonly query: string;
}

/** What happened in a workspace, or what a person did: as a timeline, as runs, and of a person by sessions. */
export default function ActivityPage({ me, of, query }: Props) {
  const asked = parseActivityQuery(query);
  const show = (changed: ActivityQuery) => navigate(`${activityPath(of)}${formatActivityQuery(changed)}`, 'replace');
  const isPerson = 'person' in of;
  return (
    <div className="activity-page" role="region" aria-labelledby="activity-title" tabIndex={0}>
      {isPerson ? (
        <PersonTitle person={of.person} isMe={of.person === me.id} />
      ) : (
        <WorkspaceTitle workspace={of.workspace} />
      )}
      <Tabs
        value={asked.view}
        onChange={(view) => view !== null && show({ ...asked, view: view as ActivityView })}
        keepMounted={false}
      >
        <Tabs.List mb="md">
          <Tabs.Tab value="timeline">Timeline</Tabs.Tab>
          <Tabs.Tab value="play" data-testid="tab-play">
            Play
          </Tabs.Tab>
          <Tabs.Tab value="runs" data-testid="tab-runs">
            Runs
          </Tabs.Tab>
          {isPerson && (
            <Tabs.Tab value="sessions" data-testid="tab-sessions">
              Sessions
            </Tabs.Tab>
          )}
        </Tabs.List>
        <Tabs.Panel value="timeline">
          <TimelineView of={of} query={asked} onChange={show} />
        </Tabs.Panel>
        <Tabs.Panel value="play">
          <PlayView of={of} query={asked} onChange={show} />
        </Tabs.Panel>
        <Tabs.Panel value="runs">
          <RunsView of={of} query={asked} onChange={show} />
        </Tabs.Panel>
        {isPerson && (
          <Tabs.Panel value="sessions">
            <SessionsView of={of} query={asked} />
          </Tabs.Panel>
        )}
      </Tabs>
    </div>
  );
}

/** The name comes with whatever the person did last. */
function PersonTitle({ person, isMe }: { readonly person: string; readonly isMe: boolean }) {
  const { data } = useQuery({
    queryKey: ['last-activity', person],
    queryFn: () => api.get<ActivityEntryDto[]>(`/api/people/${person}/timeline?limit=1`),
    enabled: !isMe,
  });
  return (
    <Title order={1} size="h3" id="activity-title" data-testid="activity-title">
      {isMe ? 'What I did' : `What ${data?.[0]?.byName ?? 'this person'} did`}
    </Title>
  );
}

function WorkspaceTitle({ workspace }: { readonly workspace: string }) {
  const { data } = useQuery({
    queryKey: ['workspace', workspace],
    queryFn: () => api.get<WorkspaceDto>(`/api/workspaces/${workspace}`),
  });
  return (
    <Group justify="space-between">
      <Title order={1} size="h3" id="activity-title" data-testid="activity-title">
        What happened in {data?.name ?? 'this workspace'}
      </Title>
      <Anchor href={workspacePath(workspace, null)} data-testid="to-workspace">
        To the workspace
      </Anchor>
    </Group>
  );
}
