import { Paper, Text, Title } from '@mantine/core';
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
      </Paper>
    </main>
  );
}
