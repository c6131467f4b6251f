import { Alert, Button, Divider, Paper, Text, Title } from '@mantine/core';
import { useSignInWays } from '../session.js';
import { SignInForm } from './sign-in-form.js';
import './sign-in.css';

/** What somebody sees who is not signed in. */
export function SignInPage() {
  return (
    <main className="sign-in-page">
      <Paper className="sign-in-card" withBorder radius="md" p="xl">
        <img src="/favicon.svg" alt="" width={40} height={40} />
        <Title order={1} size="h2" mt="sm">
          Palimpsest
        </Title>
        <Text c="dimmed" size="sm" mb="lg">
          Write Python together. Every change is kept.
        </Text>
        <SignInForm />
        <OtherWays />
      </Paper>
    </main>
  );
}

const FAILURES: Readonly<Record<string, string>> = {
  unavailable: 'The sign-in service of your school does not answer. Try again in a moment, or use a password.',
  failed: 'Signing in with your school did not succeed. Try once more.',
  'no-account': 'Your school knows you, but you have no account here yet: ask your professor.',
  deactivated: 'This account is deactivated: ask your professor or the administrator.',
};

/** The button of an OpenID provider where there is one, and what went wrong there. */
function OtherWays() {
  const openId = useSignInWays().data?.openId;
  const failure = FAILURES[new URLSearchParams(location.search).get('openid') ?? ''];
  return (
    <>
      {failure !== undefined && (
        <Alert color="red" role="alert" mt="md" data-testid="openid-problem">
          {failure}
        </Alert>
      )}
      {openId && (
        <>
          <Divider label="or" my="md" />
          <Button component="a" href="/api/auth/openid/start" variant="default" fullWidth data-testid="openid-start">
            {openId}
          </Button>
        </>
      )}
    </>
  );
}
