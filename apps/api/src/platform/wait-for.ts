import { BadRequestException } from '@nestjs/common';
import type { Position } from '@palimpsest/event-store';
import type { ReadModelName, ReadModels } from '@palimpsest/projections';

/** `?after=`: waits until the read model holds the position, so that one sees what one has just written. */
export async function waitFor(readModels: ReadModels, name: ReadModelName, after: unknown): Promise<void> {
  if (after === undefined || after === '') return;
  if (typeof after !== 'string' || !/^[\w./:-]{1,200}$/.test(after))
    throw new BadRequestException('"after" is not a position: give back what a command answered.');
  await readModels.waitFor(name, after as Position);
}
