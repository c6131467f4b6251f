import type { GitHistory } from './workspace-history.js';

/**
 * The history as one file that `git clone` takes, in the bundle format, version 2 (gitformat-bundle(5)): the references, and
 * the pack of everything that they lead to.
 */
export async function* gitBundle({ references, pack }: GitHistory): AsyncGenerator<Uint8Array> {
  const [main] = references;
  // HEAD first, so that a clone knows what to check out.
  const all = [...(main ? [{ name: 'HEAD', id: main.id }] : []), ...references];
  yield Buffer.from(`# v2 git bundle\n${all.map(({ id, name }) => `${id} ${name}\n`).join('')}\n`);
  yield* pack.read();
}
