import { Button, Menu, Text } from '@mantine/core';
import type { RunDto } from '@palimpsest/protocol/wire';
import { dayAndTime } from '../clock-time.js';
import type { Runs } from './use-runs.js';

/** How many runs the menu offers. */
const OFFERED = 12;

/** Earlier runs of the workspace: their output is kept. */
export function RunMenu({ runs }: { readonly runs: Runs }) {
  if (runs.list.length < 2) return null;
  return (
    <Menu position="bottom-end" withinPortal>
      <Menu.Target>
        <Button size="compact-sm" variant="default" data-testid="run-menu">
          Earlier runs
        </Button>
      </Menu.Target>
      <Menu.Dropdown>
        {runs.list.slice(0, OFFERED).map((run) => (
          <Menu.Item key={run.id} onClick={() => runs.show(run.id)} aria-current={run.id === runs.view?.id}>
            <Text size="sm">
              {run.id === runs.view?.id ? '▸ ' : ''}
              {describe(run)}
            </Text>
          </Menu.Item>
        ))}
      </Menu.Dropdown>
    </Menu>
  );
}

function describe(run: RunDto): string {
  const what = run.mode === 'repl' ? 'Python prompt' : (run.entry ?? 'program');
  const state =
    run.state === 'finished' ? (run.outcome ?? 'ended') : run.state === 'repl' ? 'Python prompt' : run.state;
  return `${dayAndTime(Date.parse(run.requestedAt))} · ${run.byName} · ${what} · ${state}`;
}
