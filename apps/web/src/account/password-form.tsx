import { Alert, Button, PasswordInput, Stack } from '@mantine/core';
import { useMutation } from '@tanstack/react-query';
import { useState } from 'react';
import { sentenceOf } from '../api-client.js';
import { changePassword } from '../session.js';

const LEAST = 10;

interface Props {
  /** What stands over the field of the password that is known. */
  readonly oldLabel: string;
  readonly onDone?: () => void;
}

/** Chooses another password; says in words what is wrong. */
export function PasswordForm({ oldLabel, onDone }: Props) {
  const [oldPassword, setOld] = useState('');
  const [newPassword, setNew] = useState('');
  const [repeated, setRepeated] = useState('');
  const submit = useMutation({
    mutationFn: () => changePassword({ oldPassword, newPassword }),
    onSuccess: () => {
      for (const set of [setOld, setNew, setRepeated]) set('');
      onDone?.();
    },
  });
  const differs = repeated !== '' && repeated !== newPassword;
  const eye = { 'aria-label': 'Show or hide the password' };
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        if (!differs) submit.mutate();
      }}
    >
      <Stack gap="sm">
        <PasswordInput
          label={oldLabel}
          value={oldPassword}
          onChange={({ currentTarget }) => setOld(currentTarget.value)}
          autoComplete="current-password"
          required
          withAsterisk={false}
          visibilityToggleButtonProps={eye}
          data-testid="old-password"
        />
        <PasswordInput
          label="New password"
          description={`At least ${LEAST} characters. A sentence is easier to remember than signs.`}
          value={newPassword}
          onChange={({ currentTarget }) => setNew(currentTarget.value)}
          autoComplete="new-password"
          minLength={LEAST}
          required
          withAsterisk={false}
          visibilityToggleButtonProps={eye}
          data-testid="new-password"
        />
        <PasswordInput
          label="New password once more"
          value={repeated}
          onChange={({ currentTarget }) => setRepeated(currentTarget.value)}
          autoComplete="new-password"
          required
          withAsterisk={false}
          error={differs ? 'The two are not the same.' : undefined}
          visibilityToggleButtonProps={eye}
          data-testid="repeated-password"
        />
        {submit.error && (
          <Alert color="red" role="alert" data-testid="password-problem">
            {sentenceOf(submit.error)}
          </Alert>
        )}
        <Button type="submit" loading={submit.isPending} disabled={differs} data-testid="change-password">
          Change the password
        </Button>
      </Stack>
    </form>
  );
}
