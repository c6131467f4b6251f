import { Alert, Button, PasswordInput, Stack, TextInput } from '@mantine/core';
import { useMutation } from '@tanstack/react-query';
import { useState } from 'react';
import { ApiProblem, sentenceOf } from '../api-client.js';
import { signIn } from '../session.js';
import { useCountdown } from '../use-countdown.js';

/** Asks for name and password; says in words what was wrong. `username` when it is known whose session has ended. */
export function SignInForm({ username: known }: { readonly username?: string }) {
  const [username, setUsername] = useState(known ?? '');
  const [password, setPassword] = useState('');
  const [wait, beginWait] = useCountdown();
  const submit = useMutation({
    mutationFn: () => signIn({ username: username.trim(), password }),
    onError: (error) => {
      if (error instanceof ApiProblem && error.limit) beginWait(error.limit.retryAfterSeconds);
    },
  });
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        submit.mutate();
      }}
    >
      <Stack>
        <TextInput
          label="User name"
          value={username}
          onChange={(event) => setUsername(event.currentTarget.value)}
          autoComplete="username"
          autoCapitalize="none"
          spellCheck={false}
          required
          withAsterisk={false}
          autoFocus={known === undefined}
          data-testid="sign-in-username"
        />
        <PasswordInput
          label="Password"
          value={password}
          onChange={(event) => setPassword(event.currentTarget.value)}
          autoComplete="current-password"
          required
          withAsterisk={false}
          autoFocus={known !== undefined}
          data-autofocus={known !== undefined || undefined}
          visibilityToggleButtonProps={{ 'aria-label': 'Show or hide the password' }}
          data-testid="sign-in-password"
        />
        {submit.error && (
          <Alert color="red" role="alert" data-testid="sign-in-error">
            {sentenceOf(submit.error)}
          </Alert>
        )}
        <Button type="submit" loading={submit.isPending} disabled={wait > 0} data-testid="sign-in-submit">
          {wait > 0 ? `Try again in ${wait} s` : 'Sign in'}
        </Button>
      </Stack>
    </form>
  );
}
