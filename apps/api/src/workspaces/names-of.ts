import type { DirectoryQueries } from '@palimpsest/projections';

/** Names of those who acted, by their ids in metadata. */
export async function namesOf(
  directory: Pick<DirectoryQueries, 'people'>,
  actors: readonly string[],
): Promise<(actor: string) => string> {
  const people = await directory.people([...new Set(actors)].filter((id) => id !== 'system'));
  const names = new Map(people.map(({ id, displayName }) => [id, displayName]));
  return (actor) => names.get(actor) ?? (actor === 'system' ? 'Course' : actor);
}
