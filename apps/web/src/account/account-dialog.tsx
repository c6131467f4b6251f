import { Alert, Modal, Tabs } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import type { SessionDto } from '@palimpsest/protocol/wire';
import { useMutation, useQuery } from '@tanstack/react-query';
import { api, sentenceOf } from '../api-client.js';
import { OwnData } from '../exports/own-data.js';
import { PasswordForm } from './password-form.js';
import { SessionList } from './session-list.js';

/** One's own password, the places where one is signed in, and what there is of oneself. */
export function AccountDialog({ opened, onClose }: { readonly opened: boolean; readonly onClose: () => void }) {
  const changed = () => {
    onClose();
    notifications.show({ message: 'The password is changed. Everywhere else you have been signed out.' });
  };
  return (
    <Modal opened={opened} onClose={onClose} title="My account" centered size="xl">
      <Tabs defaultValue="sessions">
        <Tabs.List mb="md">
          <Tabs.Tab value="sessions" data-testid="tab-sessions">
            Where I am signed in
          </Tabs.Tab>
          <Tabs.Tab value="password" data-testid="tab-password">
            Password
          </Tabs.Tab>
          <Tabs.Tab value="data" data-testid="tab-data">
            My data
          </Tabs.Tab>
        </Tabs.List>
        <Tabs.Panel value="sessions">{opened && <OwnSessions />}</Tabs.Panel>
        <Tabs.Panel value="data">{opened && <OwnData />}</Tabs.Panel>
        <Tabs.Panel value="password">
          <PasswordForm oldLabel="Password" onDone={changed} />
        </Tabs.Panel>
      </Tabs>
    </Modal>
  );
}

function OwnSessions() {
  const path = '/api/auth/sessions';
  const list = useQuery({ queryKey: ['sessions'], queryFn: () => api.get<SessionDto[]>(path), staleTime: 0 });
  const end = useMutation({
    mutationFn: (id: string | null) =>
      id === null ? api.post(`${path}/end-others`) : api.delete(`${path}/${encodeURIComponent(id)}`),
    onSettled: () => list.refetch(),
  });
  const problem = end.error ?? list.error;
  return (
    <>
      {problem && (
        <Alert color="red" role="alert" mb="sm">
          {sentenceOf(problem)}
        </Alert>
      )}
      {list.data && (
        <SessionList sessions={list.data} isBusy={end.isPending} onEnd={end.mutate} onEndAll={() => end.mutate(null)} />
      )}
    </>
  );
}
