import type { Position } from '@palimpsest/event-store';
import {
  PROJECTORS,
  projectionStatus,
  projectorNamed,
  type ProjectionStatus,
  rebuildReadModel,
  skipEvent,
} from '@palimpsest/projections';
import type { Environment } from '@palimpsest/settings';
import type { Status } from './archive-commands.js';
import { type Terminal, withStores } from './environment.js';
import { counted } from './progress-bar.js';

/** Exit status 1 if one of them does not work. */
export async function statusCommand(json: boolean, environment: Environment, terminal: Terminal): Promise<Status> {
  return withStores<Status>(environment, {}, async ({ store, pool }) => {
    const all = await projectionStatus(store, pool);
    if (json) terminal.print(JSON.stringify(all, null, 2));
    else for (const line of all.flatMap(lines)) terminal.print(line);
    return all.some(({ fault }) => fault !== undefined) ? 1 : 0;
  });
}

function lines(status: ProjectionStatus): string[] {
  const { name, kind, storedVersion, programVersion, state, position, share, fault, rebuild, skipped } = status;
  const version =
    storedVersion === programVersion ? `${storedVersion}` : `${storedVersion ?? '–'}→${programVersion ?? '–'}`;
  return [
    `${name.padEnd(12)} ${kind.padEnd(10)} version ${version.padEnd(5)} ${state.padEnd(12)} ${percent(share)}  position ${position ?? 'none'}`,
    ...(fault === undefined ? [] : [`  ! ${fault}`]),
    ...(skipped === 0 ? [] : [`  ${counted(skipped, 'event')} skipped by hand`]),
    ...(rebuild === undefined
      ? []
      : [
          `  rebuild of version ${rebuild.version} ${rebuild.running ? 'under way' : 'interrupted'}: ${percent(rebuild.share)}, ${counted(rebuild.events, 'event')}`,
          ...(rebuild.fault === undefined ? [] : [`  ! ${rebuild.fault}`]),
        ]),
  ];
}

function percent(share: number): string {
  return `${String(Math.floor(share * 100)).padStart(3)} %`;
}

/** `names` as given; none: all read models. */
export async function rebuildCommand(
  names: readonly string[],
  environment: Environment,
  terminal: Terminal,
): Promise<Status> {
  const projectors = names.length > 0 ? names.map(projectorNamed) : PROJECTORS;
  return withStores<Status>(environment, {}, async ({ store, ownerUrl }) => {
    for (const projector of projectors) {
      const { events, resumed } = await rebuildReadModel({
        ...{ store, ownerUrl, projector, signal: terminal.signal },
        onProgress: (step) =>
          terminal.progress.show({ label: projector.name, done: step.events, unit: 'events', share: step.share }),
      });
      terminal.progress.end();
      const how = resumed ? ', going on with an earlier rebuild' : '';
      terminal.print(
        `${projector.name}: version ${projector.version} built from ${counted(events, 'event')}${how} and put in place.`,
      );
    }
    return 0;
  });
}

export async function skipCommand(
  projection: string,
  position: string,
  reason: string,
  environment: Environment,
  terminal: Terminal,
): Promise<Status> {
  const skippedBy = environment['SUDO_USER'] || environment['USER'] || 'operator';
  return withStores<Status>(environment, {}, async ({ pool }) => {
    await skipEvent(pool, { projection, position: position as Position, reason, skippedBy });
    terminal.print(`${projection} leaves out the event at ${position}, and goes on within some seconds where it runs.`);
    return 0;
  });
}
