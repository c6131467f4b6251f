import { Alert, Button, Modal, Stack, Text } from '@mantine/core';
import type { UserDto } from '@palimpsest/protocol/wire';
import { lazy, Suspense, useEffect } from 'react';
import { sentenceOf } from './api-client.js';
import { currentRoute, navigate } from './navigation.js';
import { Patience } from './patience.js';
import { sessionExpired, useMe } from './session.js';
import { Header } from './shell/header.js';
import { UserMenu } from './shell/user-menu.js';
import { SignInForm } from './sign-in/sign-in-form.js';
import { SignInPage } from './sign-in/sign-in-page.js';
import { useSignal } from './signal.js';
import { Workbench } from './workbench.js';

const AuditPage = lazy(() => import('./audit/audit-page.js'));

/** Who is there, and what that person's page is. */
export function App() {
  const { data: me, error, refetch } = useMe();
  if (me) return <SignedIn me={me} />;
  if (me === null) return <SignInPage />;
  if (!error)
    return <Patience what="Opening Palimpsest" still="The server does not answer yet; this page keeps trying." />;
  return (
    <main>
      <Alert m="md" color="red" role="alert" title="The classroom cannot be reached">
        <Stack align="flex-start" gap="sm">
          <Text size="sm">{sentenceOf(error)}</Text>
          <Button size="compact-sm" variant="default" onClick={() => void refetch()}>
            Try again
          </Button>
        </Stack>
      </Alert>
    </main>
  );
}

function SignedIn({ me }: { readonly me: UserDto }) {
  const expired = useSignal(sessionExpired);
  const audits = me.role === 'auditor' || me.role === 'admin';
  return (
    <>
      {audits ? <Audit me={me} /> : <Workbench me={me} />}
      <Modal opened={expired} onClose={() => undefined} withCloseButton={false} title="Your session has ended" centered>
        <Text size="sm" mb="md">
          Sign in again to go on. What you typed is kept in this tab.
        </Text>
        <SignInForm username={me.username} />
      </Modal>
    </>
  );
}

function Audit({ me }: { readonly me: UserDto }) {
  const route = useSignal(currentRoute);
  const isThere = route.page === 'audit';
  useEffect(() => {
    if (!isThere) navigate('/audit', 'replace');
  }, [isThere]);
  return (
    <div className="workbench">
      <Header start={<Text fw={600}>Audit</Text>} user={<UserMenu me={me} />} />
      <main className="workbench-main">
        <Suspense fallback={<Patience what="Opening the log" />}>
          <AuditPage query={route.page === 'audit' ? route.query : ''} />
        </Suspense>
      </main>
    </div>
  );
}
