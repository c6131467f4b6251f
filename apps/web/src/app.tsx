import { Alert, Button, Modal, Stack, Text } from '@mantine/core';
import { useDocumentTitle } from '@mantine/hooks';
import type { UserDto } from '@palimpsest/protocol/wire';
import { lazy, type ReactNode, Suspense, useEffect } from 'react';
import { FirstPasswordPage } from './account/first-password-page.js';
import { sentenceOf } from './api-client.js';
import { currentRoute, navigate } from './navigation.js';
import { Patience } from './patience.js';
import type { Route } from './route.js';
import { sessionExpired, useMe } from './session.js';
import { Header } from './shell/header.js';
import { OverseerLinks } from './shell/overseer-links.js';
import { UserMenu } from './shell/user-menu.js';
import { SignInForm } from './sign-in/sign-in-form.js';
import { SignInPage } from './sign-in/sign-in-page.js';
import { useSignal } from './signal.js';
import { Workbench } from './workbench.js';

const ActivityPage = lazy(() => import('./activity/activity-page.js'));
const AuditPage = lazy(() => import('./audit/audit-page.js'));
const CoursePage = lazy(() => import('./course/course-page.js'));
const InvitePage = lazy(() => import('./people/invite-page.js'));
const MetricsPage = lazy(() => import('./metrics/metrics-page.js'));
const PeoplePage = lazy(() => import('./people/people-page.js'));
const RunPage = lazy(() => import('./activity/run-page.js'));
const SystemPage = lazy(() => import('./system/system-page.js'));

/** Who is there, and what that person's page is. */
export function App() {
  const { data: me, error, refetch } = useMe();
  const route = useSignal(currentRoute);
  if (route.page === 'invite')
    return (
      <Suspense fallback={<Patience what="Opening the invitation" />}>
        <InvitePage me={me ?? null} />
      </Suspense>
    );
  if (me?.mustChangePassword) return <FirstPasswordPage />;
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
  return (
    <>
      <PageOf me={me} />
      <Modal opened={expired} onClose={() => undefined} withCloseButton={false} title="Your session has ended" centered>
        <Text size="sm" mb="md">
          Sign in again to go on. What you typed is kept.
        </Text>
        <SignInForm username={me.username} />
      </Modal>
    </>
  );
}

/** Overseers have pages of their own, and the others a workbench. Whether somebody may see the system, the server says. */
function PageOf({ me }: { readonly me: UserDto }) {
  const route = useSignal(currentRoute);
  if (route.page === 'activity' || route.page === 'run') return <Doings me={me} route={route} />;
  if (me.role === 'auditor' || me.role === 'admin') return <Overseer me={me} route={route} />;
  if (route.page === 'course') return <Course me={me} course={route.course} />;
  if (route.page === 'metrics') return <Metrics me={me} course={route.course} />;
  if (route.page === 'people') return <People me={me} start={<Home />} course={route.course} />;
  return route.page === 'system' ? <System me={me} start={null} /> : <Workbench me={me} />;
}

function Overseer({ me, route }: { readonly me: UserDto; readonly route: Route }) {
  const managesPeople = me.role === 'admin';
  const isThere =
    route.page === 'audit' ||
    route.page === 'system' ||
    route.page === 'workspace' ||
    (managesPeople && route.page === 'people');
  useEffect(() => {
    if (!isThere) navigate('/audit', 'replace');
  }, [isThere]);
  // A row of the log leads to the moment where it happened.
  if (route.page === 'workspace') return <Workbench me={me} />;
  if (route.page === 'system')
    return <System me={me} start={<OverseerLinks page="system" managesPeople={managesPeople} />} />;
  if (isThere && route.page === 'people')
    return (
      <People me={me} start={<OverseerLinks page="people" managesPeople={managesPeople} />} course={route.course} />
    );
  return (
    <Framed
      me={me}
      start={<OverseerLinks page="audit" managesPeople={managesPeople} />}
      title="Audit"
      fallback="Opening the log"
    >
      <AuditPage query={route.page === 'audit' ? route.query : ''} />
    </Framed>
  );
}

interface DoingsProps {
  readonly me: UserDto;
  readonly route: Extract<Route, { page: 'activity' | 'run' }>;
}

function Doings({ me, route }: DoingsProps) {
  const isOverseer = me.role === 'auditor' || me.role === 'admin';
  const start = isOverseer ? <OverseerLinks page={null} managesPeople={me.role === 'admin'} /> : <Home />;
  if (route.page === 'run')
    return (
      <Framed me={me} start={start} title="Run" fallback="Opening the run">
        <RunPage key={route.run} id={route.run} />
      </Framed>
    );
  return (
    <Framed me={me} start={start} title="Activity" fallback="Opening what happened">
      <ActivityPage me={me} of={route.of} query={route.query} />
    </Framed>
  );
}

function System({ me, start }: { readonly me: UserDto; readonly start: ReactNode }) {
  return (
    <Framed me={me} start={start} title="System" fallback="Opening the state of the system">
      <SystemPage />
    </Framed>
  );
}

function Course({ me, course }: { readonly me: UserDto; readonly course: string | null }) {
  return (
    <Framed me={me} start={<Home />} title="Course" fallback="Opening the course">
      <CoursePage me={me} course={course} />
    </Framed>
  );
}

function Metrics({ me, course }: { readonly me: UserDto; readonly course: string }) {
  return (
    <Framed me={me} start={<Home />} title="Metrics" fallback="Opening the figures">
      <MetricsPage me={me} course={course} />
    </Framed>
  );
}

interface PeopleProps {
  readonly me: UserDto;
  readonly start: ReactNode;
  readonly course: string | null;
}

function People({ me, start, course }: PeopleProps) {
  return (
    <Framed me={me} start={start} title="People" fallback="Opening the list of people">
      <PeoplePage me={me} course={course} />
    </Framed>
  );
}

function Home() {
  return (
    <Button component="a" href="/" size="compact-sm" variant="default" data-testid="to-my-work">
      To my work
    </Button>
  );
}

interface FramedProps {
  readonly me: UserDto;
  readonly start: ReactNode;
  readonly title: string;
  readonly fallback: string;
  readonly children: ReactNode;
}

function Framed({ me, start, title, fallback, children }: FramedProps) {
  useDocumentTitle(`${title} · Palimpsest`);
  return (
    <div className="workbench">
      <Header start={start} user={<UserMenu me={me} />} />
      <main className="workbench-main">
        <Suspense fallback={<Patience what={fallback} />}>{children}</Suspense>
      </main>
    </div>
  );
}
