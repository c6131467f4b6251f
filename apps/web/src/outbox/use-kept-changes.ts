import type { UserDto } from '@palimpsest/protocol/wire';
import { useEffect } from 'react';
import { browserOutbox } from './browser-outbox.js';

/** Milliseconds between looks for changes that a closed tab left behind. */
const LOOK = 30_000;

/** Milliseconds after which an unsent change is taken for left behind: another tab would have sent it. */
const LEFT_BEHIND = 20_000;

/** Sends what this person typed on this computer and the server does not have, whichever files are open. */
export function useKeptChanges(me: UserDto): void {
  useEffect(() => {
    void browserOutbox.look(me.id);
    void browserOutbox.prune();
    void send(me, 0);
    const timer = setInterval(() => void send(me, LEFT_BEHIND), LOOK);
    return () => clearInterval(timer);
  }, [me]);
}

/** The editor's part of the page is loaded only if there is something to send. */
async function send(me: UserDto, age: number): Promise<void> {
  if ((await browserOutbox.unsentFiles(me.id, age)).length === 0) return;
  const { openFiles } = await import('../editor/open-files.js');
  await openFiles.sendKept(me, age);
}
