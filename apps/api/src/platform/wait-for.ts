import { InvalidArgument, type Position } from '@palimpsest/event-store';
import type { ReadModelName, ReadModels } from '@palimpsest/projections';
import { POSITION } from '@palimpsest/protocol';
import { invalidRequest } from './problem.js';

/** `?after=`: waits until the read model holds the position, so that one sees what one has just written. */
export async function waitFor(readModels: ReadModels, name: ReadModelName, after: string | undefined): Promise<void> {
  if (after === undefined || after === '') return;
  if (!POSITION.test(after)) throw NO_POSITION();
  try {
    await readModels.waitFor(name, after as Position);
  } catch (error) {
    throw error instanceof InvalidArgument ? NO_POSITION() : error;
  }
}

const NO_POSITION = () => invalidRequest([{ field: 'after', problem: 'must be a position that a command answered' }]);
