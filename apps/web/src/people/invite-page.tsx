import { Alert, Button, Paper, PasswordInput, Stack, Text, TextInput, Title } from '@mantine/core';
import type { InvitedToDto, UserDto } from '@palimpsest/protocol/wire';
import { useMutation, useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { api, sentenceOf } from '../api-client.js';
import { Patience } from '../patience.js';
import { acceptInvitation, joinByInvitation } from '../session.js';

/** For whoever opens a link of invitation: `/invite#<token>`. What stands after # is sent to no server by itself. */
export default function InvitePage({ me }: { readonly me: UserDto | null }) {
  const [token] = useState(() => location.hash.slice(1));
  const invitation = useQuery({
    queryKey: ['invitation', token],
    queryFn: () => api.post<InvitedToDto>('/api/invitations/look', { token }),
    retry: false,
    staleTime: Infinity,
  });
  return (
    <main className="sign-in-page">
      <Paper className="sign-in-card" withBorder radius="md" p="xl">
        {invitation.error ? (
          <Alert color="red" role="alert" title="This link brings you nowhere" data-testid="invitation-problem">
            {sentenceOf(invitation.error)}
          </Alert>
        ) : invitation.data ? (
          <Invited token={token} course={invitation.data.course} me={me} />
        ) : (
          <Patience what="Looking at the invitation" />
        )}
      </Paper>
    </main>
  );
}

interface Props {
  readonly token: string;
  readonly course: string;
  readonly me: UserDto | null;
}

/** Whoever is signed in comes in as who they are; another account can be made all the same. */
function Invited({ token, course, me }: Props) {
  const [other, setOther] = useState(false);
  const join = useMutation({ mutationFn: () => joinByInvitation(token) });
  if (!me || me.mustChangePassword || other) return <NewAccount token={token} course={course} me={me} />;
  return (
    <Stack gap="sm">
      <Title order={1} size="h3" data-testid="invited-to">
        Welcome to {course}
      </Title>
      <Text size="sm" c="dimmed">
        You are signed in as {me.displayName}.
      </Text>
      {join.error && (
        <Alert color="red" role="alert" data-testid="invite-problem">
          {sentenceOf(join.error)}
        </Alert>
      )}
      <Button onClick={() => join.mutate()} loading={join.isPending} data-testid="invite-join">
        Come in as {me.displayName}
      </Button>
      <Button variant="subtle" color="gray" size="compact-sm" onClick={() => setOther(true)}>
        Make another account
      </Button>
    </Stack>
  );
}

function NewAccount({ token, course, me }: Props) {
  const [username, setUsername] = useState('');
  const [displayName, setDisplayName] = useState('');
  const [password, setPassword] = useState('');
  const accept = useMutation({ mutationFn: () => acceptInvitation({ token, username, displayName, password }) });
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        accept.mutate();
      }}
    >
      <Stack gap="sm">
        <Title order={1} size="h3" data-testid="invited-to">
          Welcome to {course}
        </Title>
        <Text size="sm" c="dimmed">
          {me
            ? `You are signed in as ${me.displayName}. This link makes another account, and signs that in instead.`
            : 'Make an account, and you are in.'}
        </Text>
        <TextInput
          label="Your name"
          description="As others see it"
          value={displayName}
          onChange={({ currentTarget }) => setDisplayName(currentTarget.value)}
          autoComplete="name"
          maxLength={80}
          required
          withAsterisk={false}
          data-testid="invite-name"
        />
        <TextInput
          label="User name"
          description="To sign in with: small letters, digits, dot, hyphen, underscore"
          value={username}
          onChange={({ currentTarget }) => setUsername(currentTarget.value)}
          autoComplete="username"
          autoCapitalize="none"
          spellCheck={false}
          maxLength={32}
          required
          withAsterisk={false}
          data-testid="invite-username"
        />
        <PasswordInput
          label="Password"
          description="At least 10 characters"
          value={password}
          onChange={({ currentTarget }) => setPassword(currentTarget.value)}
          autoComplete="new-password"
          minLength={10}
          required
          withAsterisk={false}
          visibilityToggleButtonProps={{ 'aria-label': 'Show or hide the password' }}
          data-testid="invite-password"
        />
        {accept.error && (
          <Alert color="red" role="alert" data-testid="invite-problem">
            {sentenceOf(accept.error)}
          </Alert>
        )}
        <Button type="submit" loading={accept.isPending} data-testid="invite-submit">
          Make the account
        </Button>
      </Stack>
    </form>
  );
}
