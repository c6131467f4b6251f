import { Button, Paper, Text, Title } from '@mantine/core';
import { signOut } from '../session.js';
import { PasswordForm } from './password-form.js';

/** For somebody who has signed in with a password that was given out: nothing else works before it is changed. */
export function FirstPasswordPage() {
  return (
    <main className="sign-in-page">
      <Paper className="sign-in-card" withBorder radius="md" p="xl" data-testid="first-password">
        <Title order={1} size="h3">
          Choose a password of your own
        </Title>
        <Text size="sm" c="dimmed" my="md">
          The one that you have signed in with was given out, so somebody else may know it.
        </Text>
        <PasswordForm oldLabel="Password that you were given" />
        <Button variant="subtle" color="gray" size="compact-sm" mt="md" onClick={() => void signOut()}>
          Sign out
        </Button>
      </Paper>
    </main>
  );
}
