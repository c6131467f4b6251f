import { Alert, Select, Tabs, Text, Title } from '@mantine/core';
import type { ManagedCourseDto, UserDto } from '@palimpsest/protocol/wire';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { api, sentenceOf } from '../api-client.js';
import { navigate } from '../navigation.js';
import { Patience } from '../patience.js';
import { peoplePath } from '../route.js';
import { AccountList } from './account-list.js';
import { InvitationList } from './invitation-list.js';
import { MemberList } from './member-list.js';
import './people.css';
import { RosterImport } from './roster-import.js';

interface Props {
  readonly me: UserDto;
  /** The one in the address; null: the first. */
  readonly course: string | null;
}

/** Who is in a course, and how people come in; for administrators all accounts as well. */
export default function PeoplePage({ me, course }: Props) {
  const courses = useQuery({
    queryKey: ['managed-courses'],
    queryFn: () => api.get<ManagedCourseDto[]>('/api/people/courses'),
  });
  const isAdmin = me.role === 'admin';
  const list = courses.data ?? [];
  const chosen = list.find(({ id }) => id === course) ?? list[0];
  const [tab, setTab] = useState<string | null>(null);
  if (courses.error) return <Problem text={sentenceOf(courses.error)} />;
  if (!courses.data) return <Patience what="Asking for your courses" />;
  if (!chosen && !isAdmin)
    return <Problem text="You are professor of no course, so there is nobody here for you to look after." />;
  return (
    <div className="people-page" role="region" aria-labelledby="people-title" tabIndex={0} data-testid="people-page">
      <div className="people-head">
        <Title order={1} size="h3" id="people-title">
          People
        </Title>
        {chosen && (
          <Select
            aria-label="Course"
            data={list.map(({ id, title }) => ({ value: id, label: title }))}
            value={chosen.id}
            onChange={(id) => id !== null && navigate(peoplePath(id), 'replace')}
            allowDeselect={false}
            data-testid="people-course"
          />
        )}
      </div>
      <Tabs value={tab ?? (chosen ? 'members' : 'accounts')} onChange={setTab} keepMounted={false}>
        <Tabs.List mb="md">
          {chosen && <Tabs.Tab value="members">In this course</Tabs.Tab>}
          {chosen && (
            <Tabs.Tab value="import" data-testid="tab-import">
              Bring in a list
            </Tabs.Tab>
          )}
          {chosen && (
            <Tabs.Tab value="invitations" data-testid="tab-invitations">
              Invitations
            </Tabs.Tab>
          )}
          {isAdmin && (
            <Tabs.Tab value="accounts" data-testid="tab-accounts">
              All accounts
            </Tabs.Tab>
          )}
        </Tabs.List>
        {chosen && (
          <>
            <Tabs.Panel value="members">
              <MemberList course={chosen.id} />
            </Tabs.Panel>
            <Tabs.Panel value="import">
              <RosterImport key={chosen.id} course={chosen.id} title={chosen.title} />
            </Tabs.Panel>
            <Tabs.Panel value="invitations">
              <InvitationList course={chosen.id} />
            </Tabs.Panel>
          </>
        )}
        {isAdmin && (
          <Tabs.Panel value="accounts">
            <AccountList />
          </Tabs.Panel>
        )}
      </Tabs>
    </div>
  );
}

function Problem({ text }: { readonly text: string }) {
  return (
    <Alert m="md" color="gray" role="alert" data-testid="people-problem">
      <Text size="sm">{text}</Text>
    </Alert>
  );
}
