import { Loader, Stack, Text } from '@mantine/core';
import { useEffect, useState } from 'react';

interface Props {
  /** What is being waited for, such as "Opening main.py". */
  readonly what: string;
  /** What to say after some seconds: that it is still going on and what stands in the way. */
  readonly still?: string;
}

/** Milliseconds after which a wait needs an explanation. */
const LONG = 4_000;

/** Something takes a moment: says in words what. */
export function Patience({ what, still }: Props) {
  const [long, setLong] = useState(false);
  useEffect(() => {
    const timer = setTimeout(() => setLong(true), LONG);
    return () => clearTimeout(timer);
  }, []);
  return (
    <Stack className="patience" align="center" justify="center" gap="xs" role="status">
      <Loader size="sm" type="dots" aria-hidden />
      <Text size="sm" c="dimmed">
        {what} …
      </Text>
      {long && still !== undefined && (
        <Text size="sm" c="dimmed">
          {still}
        </Text>
      )}
    </Stack>
  );
}
